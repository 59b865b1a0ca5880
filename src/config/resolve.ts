import { dirname } from 'node:path';
import { systemClock } from '../util/clock';
import { awsFileProblems, withAbsoluteFiles } from './aws-network';
import { layUnder } from './aws-spellings';
import { quietNotice } from './cloudwatch-settings';
import { classProblems, connectorClass } from './connector-class';
import { type ConnectorKind, mapConnectors, ownName } from './connector-kind';
import { RULES } from './connector-rules';
import { credentialProblems } from './credentials';
import { type OutsideSetting, settingsFrom } from './environment';
import { exactlyOnceProblems } from './exactly-once-rules';
import { secretNotices, twinProblems } from './file-rules';
import { displayPath, type FileShape, shapeFile } from './file-shape';
import { normalise } from './normalise';
import { joinPath } from './path';
import { type ConfigProblem, describe, ProblemList } from './problems';
import {
  type Environment,
  processEnvironment,
  type Referenced,
  resolveReferences,
  type SecretText,
} from './references';
import type { RotatingSecrets } from './rotating-secrets';
import type { RuleReport } from './rule-report';
import { schemaRoot } from './schema';
import { withSecrets } from './secret-options';
import type { ReadSecrets, SecretAnswer, SecretReference } from './secret-reference';
import { sharedProblems } from './shared-rules';
import { isObject, type JsonObject, setIn, textAt } from './tree';
import type { ConfigNotice } from './types';
import { validate } from './validate';

/** Options that may hold names of values of records. */
const TEMPLATE = /^sources\[\d+\]\.(topicName|configs\.deadLetterTopic)$/;

/** The settings that secrets are read with: no secrets themselves. */
const LEADS_TO_SECRETS: { readonly [shape in FileShape]: RegExp } = {
  list: /^aws(\.|$)/,
  bare: /^(sources|sinks)\[0\]\.(configs|secrets)\.aws/,
};

export interface ConfigOptions {
  /** Environment variables; those of this process when absent. */
  readonly env?: Environment;
  /** Settings of the command line by path, for example `pulsar.serviceUrl`; they go before everything else. */
  readonly overrides?: { readonly [path: string]: unknown };
  /** Milliseconds since the epoch; start times must have passed. */
  readonly now?: () => number;
  /** What a file with one connector holds; its fields say when absent. */
  readonly kind?: ConnectorKind;
  /** Reads what `${secret:}` names; without it a file that holds such references is not loaded. */
  readonly readSecrets?: ReadSecrets;
  /** Ends the wait for secrets. */
  readonly signal?: AbortSignal;
}

/** A configuration after all rules: usable when there are no problems. */
export interface ResolvedConfig {
  readonly file: string;
  readonly shape: FileShape;
  readonly problems: readonly ConfigProblem[];
  readonly notices: readonly ConfigNotice[];
  /** In the list shape, without defaults; shared AWS settings are laid under each connector. */
  readonly root: JsonObject;
  /** Where a setting came from, by path, when it is not the file. */
  readonly origins: ReadonlyMap<string, string>;
  /** The texts that hold secrets, by path. */
  readonly secretTexts: ReadonlyMap<string, SecretText>;
  /** Whether somebody looked up what they hold, or would have, but for the problems. */
  readonly lookedUp: boolean;
  /** What they hold; absent when there are none, nobody looked, or there are problems. */
  readonly secrets?: RotatingSecrets;
}

/**
 * Takes the mapping of a configuration file through references, environment, flags and every rule.
 * @param file Name for messages; relative `${file:}` paths start from its folder.
 * @param secrets What secrets hold; when absent, nothing is said of the options that refer to them.
 */
export function resolveConfig(
  raw: JsonObject,
  file: string,
  options: ConfigOptions = {},
  secrets?: (reference: SecretReference) => SecretAnswer,
): ResolvedConfig {
  const { env = processEnvironment(), overrides = {}, now = systemClock.now, kind } = options;
  const { shape, root: shaped } = shapeFile(raw, kind);
  const secretTexts = new Map<string, SecretText>();
  const unknown = (path: string): boolean => secrets === undefined && secretTexts.has(path);
  const references = new Map<string, Referenced>();
  const conceal = (path: string, found: string): string => {
    const { names, text } = references.get(path) ?? {};
    return text === undefined ? found : found.replaceAll(describe(text), `the value of ${names}`);
  };
  const problems = new ProblemList((path) => displayPath(path, shape), unknown, conceal);
  const notices: ConfigNotice[] = [];
  const flags = Object.entries(overrides).map(([path, value]) => ({ path, value, origin: 'flag' }));
  const outside = [...settingsFrom(env, notices), ...flags].filter(({ value }) => value !== undefined);
  const origins = new Map(outside.map(({ path, origin }) => [path, origin]));

  const isTemplate = (path: string): boolean => TEMPLATE.test(path);
  const folder = dirname(file);
  const leadsToSecrets = (path: string): boolean => LEADS_TO_SECRETS[shape].test(path);
  const reference = {
    ...{ environment: env, folder, problems, isTemplate, references },
    ...{ secrets, leadsToSecrets, secretTexts },
  };
  const given = resolveReferences(
    overlay(shaped, outside, () => undefined),
    '',
    reference,
  );
  const prepared = prepare(
    overlay(given, outside, ({ value }) => value),
    folder,
  );

  validate('connectors', prepared, { base: '', problems, notices, references });
  sharedProblems(prepared, folder, problems, notices);
  const report = { problems, notices, now: now(), folder };
  const root = mapConnectors(prepared, (connector, kind, path) => {
    classProblems(kind, connector, path, problems);
    RULES[kind].fields(connector, path, report);
    if (!isKinesis(connector)) {
      return connector;
    }
    const { configs, derived } = layOptions(connector, kind, { shape, shared: prepared.aws, env });
    for (const [name, origin] of derived) {
      origins.set(`${path}.configs.${name}`, origin);
    }
    judgeOptions(connector, configs, kind, path, report);
    return { ...connector, configs };
  });
  twinProblems(root, problems);
  exactlyOnceProblems(root, problems, notices);
  for (const path of secrets === undefined ? secretTexts.keys() : []) {
    notices.push({ path, message: 'a secret of AWS Secrets Manager, which was not looked up' });
  }
  return {
    file,
    shape,
    problems: problems.all,
    notices: notices.map((notice) => ({ ...notice, path: displayPath(notice.path, shape) })),
    root,
    origins,
    secretTexts,
    lookedUp: secrets !== undefined,
  };
}

type KinesisConnector = JsonObject & { readonly configs: JsonObject };

function isKinesis(connector: JsonObject): connector is KinesisConnector {
  return connectorClass(connector) === 'kinesis' && isObject(connector.configs);
}

interface Surroundings {
  readonly shape: FileShape;
  /** `aws` of the file. */
  readonly shared: unknown;
  readonly env: Environment;
}

/** The options of a connector over what the file, its place there, and the environment give. */
function layOptions(
  connector: KinesisConnector,
  kind: ConnectorKind,
  { shape, shared, env }: Surroundings,
): { configs: JsonObject; derived: [string, string][] } {
  const { spellings, namedOption } = RULES[kind];
  const derived: [string, string][] = [];
  const name = shape === 'list' ? ownName(connector) : undefined;
  let { configs } = connector;
  if (name !== undefined && textAt(configs, namedOption) === undefined) {
    configs = { ...configs, [namedOption]: name };
    derived.push([namedOption, 'default']);
  }
  let under = isObject(shared) ? shared : {};
  const region = environmentRegion(env, shared, configs);
  if (region !== undefined) {
    under = { ...under, region };
    derived.push(['aws.region', 'environment AWS_REGION']);
  }
  return { configs: layUnder(configs, under, spellings), derived };
}

/** @param configs Those of `connector` with what lies under them. */
function judgeOptions(
  connector: KinesisConnector,
  configs: JsonObject,
  kind: ConnectorKind,
  path: string,
  report: RuleReport & { readonly folder: string },
): void {
  const inside = joinPath(path, 'configs');
  credentialProblems(connector.configs.aws, `${inside}.aws`, report.problems);
  awsFileProblems(connector.configs.aws, `${inside}.aws`, report.folder, report.problems);
  RULES[kind].options(connector, configs, inside, report);
  quietNotice(configs, RULES[kind].spellings, inside, report.notices);
  secretNotices(connector, kind, path, report.notices);
}

/**
 * Flags and environment go before the file; among them the last one wins. Done twice: what they replace need not
 * resolve, and what they give is taken as it is.
 */
function overlay(
  root: unknown,
  outside: readonly OutsideSetting[],
  give: (it: OutsideSetting) => unknown,
): JsonObject {
  return outside.reduce((tree, it) => setIn(tree, it.path.split('.'), give(it)), root) as JsonObject;
}

/** Types as the schema wants them, and secrets in the place of the options they override. */
function prepare(given: JsonObject, folder: string): JsonObject {
  const normal = normalise(given, schemaRoot('connectors')) as JsonObject;
  const root = withFiles(normal, folder);
  const level = typeof root.logLevel === 'string' ? { logLevel: root.logLevel.toLowerCase() } : {};
  return mapConnectors({ ...root, ...level }, (connector, kind) => {
    if (!isKinesis(connector)) {
      return connector;
    }
    const configs = withFiles(normalise(connector.configs, schemaRoot(kind)) as JsonObject, folder);
    return {
      ...connector,
      configs: withSecrets(configs, kind, (name) => textAt(connector, 'secrets', name)),
    };
  });
}

function withFiles(holder: JsonObject, folder: string): JsonObject {
  return holder.aws === undefined ? holder : { ...holder, aws: withAbsoluteFiles(holder.aws, folder) };
}

/** AWS_REGION counts only where nothing else names a region. */
function environmentRegion(env: Environment, shared: unknown, configs: JsonObject): string | undefined {
  const named = textAt(shared, 'region') ?? textAt(configs, 'awsRegion') ?? textAt(configs, 'aws', 'region');
  return named === undefined ? env.AWS_REGION : undefined;
}
