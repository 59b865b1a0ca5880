import { dirname } from 'node:path';
import { connectorsOf } from './connector-kind';
import { readDocument } from './document';
import { withDefaults } from './normalise';
import { ConfigError, ProblemList } from './problems';
import { pulsarSettings } from './pulsar-settings';
import { type ConfigOptions, type ResolvedConfig, resolveConfig } from './resolve';
import { schemaRoot } from './schema';
import { sinkDefinition } from './sink-definition';
import { sourceDefinition } from './source-definition';
import type { JsonObject } from './tree';
import type { HttpSettings, LoadedConfig, RestartSettings } from './types';

/**
 * Reads, checks and completes a configuration file of either shape, YAML or JSON.
 * @throws ConfigError with every problem at once; nothing may be started then.
 */
export async function loadConfig(file: string, options: ConfigOptions = {}): Promise<LoadedConfig> {
  return loadedConfig(await inspectConfig(file, options));
}

/** The same for a mapping that was never a file; `name` stands for the file in messages. */
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
    return { file, shape: 'list', problems: problems.all, notices: [], root: {}, origins: new Map() };
  }
  return resolveConfig(raw, file, options);
}

/** @throws ConfigError when there are problems. */
export function loadedConfig(config: ResolvedConfig): LoadedConfig {
  if (config.problems.length > 0) {
    throw new ConfigError(config.problems, config.file);
  }
  const root = withDefaults(config.root, schemaRoot('connectors'));
  return {
    file: config.file,
    pulsar: pulsarSettings(root.pulsar, dirname(config.file)),
    sources: connectorsOf(root, 'source').map(sourceDefinition),
    sinks: connectorsOf(root, 'sink').map(sinkDefinition),
    ...(root.http === undefined ? {} : { http: root.http as HttpSettings }),
    shutdownTimeoutMs: Number(root.shutdownTimeoutMs),
    restart: root.restart as RestartSettings,
    logLevel: root.logLevel as LoadedConfig['logLevel'],
    notices: config.notices,
  };
}
