import { awsSettings } from './aws-settings';
import { connectorsOf, KINDS } from './connector-kind';
import { RULES } from './connector-rules';
import { completeSink } from './kinesis-sink-config';
import { completeSource } from './kinesis-source-config';
import { withDefaults } from './normalise';
import type { ConfigProblem } from './problems';
import { type ConfigOptions, type ResolvedConfig, resolveConfig } from './resolve';
import { RotatingSecrets } from './rotating-secrets';
import { schemaRoot } from './schema';
import { STARS } from './secret';
import {
  partOf,
  type ReadSecrets,
  type SecretAnswer,
  type SecretReference,
  type StoredSecret,
  secretKey,
} from './secret-reference';
import type { JsonObject } from './tree';
import type { AwsSettings } from './types';

/** Problems with what secrets are read with. */
const IN_THE_WAY = /^(configs\.)?aws/;
const NEVER = new AbortController().signal;
const COMPLETE = { source: completeSource, sink: completeSink } as const;

/**
 * The same as `resolveConfig`, with what the secrets hold where `readSecrets` is given: each is read once, all at once.
 * @throws the signal's reason
 */
export async function resolveWithSecrets(
  raw: JsonObject,
  file: string,
  options: ConfigOptions,
): Promise<ResolvedConfig> {
  const { readSecrets, signal = NEVER } = options;
  const unread = resolveConfig(raw, file, options);
  const references = referencesIn(unread);
  const stuck = unread.problems.some(({ path }) => IN_THE_WAY.test(path));
  if (readSecrets === undefined || references.length === 0) {
    return unread;
  }
  if (stuck) {
    return { ...unread, lookedUp: true };
  }
  const read = readAll(readSecrets, settingsForSecrets(unread));
  const stored = new Map(references.map((one) => [secretKey(one), one] as const));
  const answers = await read([...stored.values()], signal);
  const resolved = resolveConfig(raw, file, options, (reference) => {
    const answer = answers.get(secretKey(reference)) ?? UNANSWERED;
    return 'text' in answer ? partOf(reference, answer.text) : answer;
  });
  const texts = new Map([...answers].flatMap(([key, it]) => ('text' in it ? [[key, it.text] as const] : [])));
  if (resolved.problems.length > 0) {
    return {
      ...resolved,
      problems: resolved.problems.map((problem) => withoutTexts(problem, texts, references)),
    };
  }
  const { secretsRefreshInterval } = withDefaults(resolved.root, schemaRoot('connectors'));
  const secrets = new RotatingSecrets(references, texts, read, Number(secretsRefreshInterval));
  return { ...resolved, secrets };
}

const UNANSWERED: SecretAnswer = {
  failure: {
    code: 'CONFIG_SECRET_UNREACHABLE',
    found: 'no answer',
    expected: 'the value of the secret',
    hint: 'Try again.',
  },
};

function referencesIn({ secretTexts }: ResolvedConfig): SecretReference[] {
  return [...secretTexts.values()].flat().filter((part) => typeof part !== 'string');
}

function readAll(readSecrets: ReadSecrets, aws: AwsSettings) {
  return async (
    stored: readonly StoredSecret[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, SecretAnswer>> => {
    const answers = await readSecrets(aws, stored, signal);
    return new Map(stored.map((one, i) => [secretKey(one), answers[i] ?? UNANSWERED]));
  };
}

/** The shared settings of the file; of a file with one connector, those of the connector. */
function settingsForSecrets({ shape, root }: ResolvedConfig): AwsSettings {
  for (const kind of shape === 'bare' ? KINDS : []) {
    const [connector] = connectorsOf(root, kind);
    if (connector !== undefined) {
      return awsSettings(COMPLETE[kind](connector.configs as JsonObject), RULES[kind].spellings);
    }
  }
  return awsSettings(withDefaults({ aws: root.aws ?? {} }, schemaRoot('source')), []);
}

/** Values shorter than that are no secrets, but would be found in any sentence. */
const SHORT = 4;
/** So much of a value, which may be shown shortened, tells it from anything else. */
const TELLING = 16;

/** A value is shown nowhere, whatever a rule makes of it (G9). */
function withoutTexts(
  problem: ConfigProblem,
  texts: ReadonlyMap<string, string>,
  references: readonly SecretReference[],
): ConfigProblem {
  const values = references.flatMap((reference) => {
    const part = partOf(reference, texts.get(secretKey(reference)) ?? '');
    return 'text' in part && part.text.length >= SHORT ? [part.text] : [];
  });
  // As it is, and as it stands in quotes.
  const forms = values.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]);
  const concealed = (said: string): string => {
    const text = forms.reduce((rest, form) => rest.replaceAll(form, STARS), said);
    return forms.some((form) => form.length > TELLING && text.includes(form.slice(0, TELLING)))
      ? STARS
      : text;
  };
  const { found, expected, hint } = problem;
  return { ...problem, found: concealed(found), expected: concealed(expected), hint: concealed(hint) };
}
