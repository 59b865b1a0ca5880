import { dirname } from 'node:path';
import { sourceClass } from './connector-class';
import { readDocument } from './document';
import { sourcesOf } from './file-shape';
import { mapSensitive, withDefaults } from './normalise';
import { ConfigError, ProblemList } from './problems';
import { producerSettings, pulsarSettings } from './pulsar-settings';
import { type ConfigOptions, type ResolvedConfig, resolveConfig } from './resolve';
import { schemaRoot } from './schema';
import { hiddenMap, hide } from './secret';
import { get, type JsonObject } from './tree';
import type { LoadedConfig, SourceDefinition } from './types';

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
    sources: sourcesOf(root).map(sourceDefinition),
    sinks: [],
    shutdownTimeoutMs: Number(root.shutdownTimeoutMs),
    logLevel: root.logLevel as LoadedConfig['logLevel'],
    notices: config.notices,
  };
}

/** @param source Valid, with the defaults of everything but `configs`. */
function sourceDefinition(source: JsonObject): SourceDefinition {
  const className = sourceClass(source);
  const configs = source.configs as JsonObject;
  const text = (name: string): string => String(source[name]);
  return {
    tenant: text('tenant'),
    namespace: text('namespace'),
    name: text('name'),
    topicName: text('topicName'),
    className,
    parallelism: Number(get(source, 'parallelism') ?? 1),
    processingGuarantees: source.processingGuarantees as SourceDefinition['processingGuarantees'],
    producer: producerSettings(source.producerConfig),
    configs:
      className === 'kinesis' ? (mapSensitive(configs, schemaRoot('source'), hide) as JsonObject) : configs,
    secrets: hiddenMap((source.secrets ?? {}) as { readonly [name: string]: string }),
  };
}
