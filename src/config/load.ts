import { dirname } from 'node:path';
import { connectorsOf } from './connector-kind';
import { readDocument } from './document';
import { displayPath } from './file-shape';
import { httpSettings } from './http-settings';
import { withDefaults } from './normalise';
import { ConfigError, type ConfigProblem, ProblemList } from './problems';
import { pulsarSettings } from './pulsar-settings';
import { textOfParts } from './references';
import { type ConfigOptions, type ResolvedConfig, resolveConfig } from './resolve';
import { schemaRoot } from './schema';
import { hideChanging, type SecretAt } from './secret';
import { resolveWithSecrets } from './secret-lookup';
import { sinkDefinition } from './sink-definition';
import { sourceDefinition } from './source-definition';
import type { JsonObject } from './tree';
import type { LoadedConfig, RestartSettings } from './types';

/**
 * Reads, checks and completes a configuration file of either shape, YAML or JSON.
 * @throws ConfigError with every problem at once; nothing may be started then. The signal's reason.
 */
export async function loadConfig(file: string, options: ConfigOptions = {}): Promise<LoadedConfig> {
  return loadedConfig(await inspectConfig(file, options));
}

/** The same for a mapping that was never a file; `name` stands for the file in messages. */
export async function loadConfigDocument(
  raw: JsonObject,
  name: string,
  options: ConfigOptions = {},
): Promise<LoadedConfig> {
  return loadedConfig(await resolveWithSecrets(raw, name, options));
}

/** The same, at once: for a mapping without secrets of AWS Secrets Manager. */
export function loadConfigObject(raw: JsonObject, name: string, options: ConfigOptions = {}): LoadedConfig {
  return loadedConfig(resolveConfig(raw, name, options));
}

/**
 * The mapping in `file` as it stands there, nothing resolved.
 * @throws ConfigError when it cannot be read or parsed.
 */
export async function readConfigDocument(file: string): Promise<JsonObject> {
  const problems = new ProblemList();
  const raw = await readDocument(file, problems);
  if (raw === undefined) {
    throw new ConfigError(problems.all, file);
  }
  return raw;
}

/** What there is to say of a file, without throwing. */
export async function inspectConfig(file: string, options: ConfigOptions = {}): Promise<ResolvedConfig> {
  const problems = new ProblemList();
  const raw = await readDocument(file, problems);
  if (raw === undefined) {
    const nothing = { notices: [], root: {}, origins: new Map(), secretTexts: new Map(), lookedUp: false };
    return { file, shape: 'list', problems: problems.all, ...nothing };
  }
  return resolveWithSecrets(raw, file, options);
}

/** @throws ConfigError when there are problems. */
export function loadedConfig(config: ResolvedConfig): LoadedConfig {
  const { secrets, secretTexts, lookedUp } = config;
  const problems = [...config.problems, ...(lookedUp ? [] : unreadProblems(config))];
  if (problems.length > 0) {
    throw new ConfigError(problems, config.file);
  }
  const secretAt: SecretAt = (path) => {
    const text = secretTexts.get(path);
    return text === undefined || secrets === undefined
      ? undefined
      : hideChanging(
          () => textOfParts(text, (reference) => secrets.textOf(reference)),
          () => secrets.refresh(),
        );
  };
  const root = withDefaults(config.root, schemaRoot('connectors'));
  return {
    file: config.file,
    pulsar: pulsarSettings(root.pulsar, dirname(config.file), secretAt),
    sources: connectorsOf(root, 'source').map((source, i) =>
      sourceDefinition(source, within(`sources[${i}]`, secretAt)),
    ),
    sinks: connectorsOf(root, 'sink').map((sink, i) => sinkDefinition(sink, within(`sinks[${i}]`, secretAt))),
    ...(root.http === undefined ? {} : { http: httpSettings(root.http, secretAt('http.token')) }),
    shutdownTimeoutMs: Number(root.shutdownTimeoutMs),
    restart: root.restart as RestartSettings,
    logLevel: root.logLevel as LoadedConfig['logLevel'],
    notices: config.notices,
    ...(secrets === undefined ? {} : { secrets }),
  };
}

/** References that nobody was there to read. */
function unreadProblems({ secretTexts, shape }: ResolvedConfig): ConfigProblem[] {
  return [...secretTexts.keys()].map((path) => ({
    code: 'CONFIG_REFERENCE',
    path: displayPath(path, shape),
    found: 'a secret of AWS Secrets Manager, with nobody to read it',
    expected: 'a load that reads secrets',
    hint: 'Load the configuration by loadConfig or loadConfigDocument, with readSecrets.',
  }));
}

function within(base: string, secretAt: SecretAt): SecretAt {
  return (path) => secretAt(`${base}.${path}`);
}
