import { Document, isMap, isScalar, isSeq } from 'yaml';
import { connectorClass } from './connector-class';
import { mapConnectors } from './connector-kind';
import { completeSink } from './kinesis-sink-config';
import { completeSource } from './kinesis-source-config';
import { mapSensitive, withDefaults } from './normalise';
import { joinPath } from './path';
import { withoutUserInfo } from './problems';
import type { ResolvedConfig } from './resolve';
import { mapTree, schemaRoot } from './schema';
import { STARS } from './secret';
import { isObject, type JsonObject } from './tree';

/** A configuration as it takes effect, fit for printing: every default filled in, sensitive values as stars. */
export interface EffectiveConfig {
  readonly config: JsonObject;
  /** Where each value came from, by path: `file`, `default`, `flag`, or an environment variable. */
  readonly origins: { readonly [path: string]: string };
}

const COMPLETE = { source: completeSource, sink: completeSink } as const;

/** What stands in the file beside `aws`, which is laid under each connector. */
const SHOWN = [
  'pulsar',
  'http',
  'logLevel',
  'shutdownTimeoutMs',
  'secretsRefreshInterval',
  'restart',
  'sources',
  'sinks',
];

/** @param resolved A configuration without problems. */
export function effectiveConfig({ root, origins }: ResolvedConfig): EffectiveConfig {
  const all = withDefaults(root, schemaRoot('connectors'));
  const shown = SHOWN.flatMap((name) => (Object.hasOwn(all, name) ? [[name, all[name]] as const] : []));
  const complete = mapConnectors(Object.fromEntries(shown), (connector, kind) => ({
    ...connector,
    configs:
      connectorClass(connector) === 'kinesis'
        ? COMPLETE[kind](connector.configs as JsonObject)
        : starsByName(connector.configs),
  }));
  const given = new Set(leafPaths(root));
  const config = redact(complete);
  return {
    config,
    origins: Object.fromEntries(
      leafPaths(config).map((path) => [path, origins.get(path) ?? (given.has(path) ? 'file' : 'default')]),
    ),
  };
}

function redact(config: JsonObject): JsonObject {
  const stars = (): string => STARS;
  const shared = mapSensitive(config, schemaRoot('connectors'), stars) as JsonObject;
  const redacted = mapConnectors(shared, (connector, kind) => ({
    ...connector,
    configs:
      connectorClass(connector) === 'kinesis'
        ? mapSensitive(connector.configs, schemaRoot(kind), stars)
        : connector.configs,
  }));
  return mapTree(redacted, undefined, '', (it) =>
    typeof it === 'string' ? withoutUserInfo(it) : it,
  ) as JsonObject;
}

const SENSITIVE_NAME = /secret|token|passw|credential|key|auth/i;

/** Nothing tells which options of a user's own connector are sensitive: their names must do. */
function starsByName(configs: unknown): unknown {
  if (Array.isArray(configs)) {
    return configs.map(starsByName);
  }
  if (!isObject(configs)) {
    return configs;
  }
  return Object.fromEntries(
    Object.entries(configs).map(([name, value]) => [
      name,
      SENSITIVE_NAME.test(name) ? STARS : starsByName(value),
    ]),
  );
}

function leafPaths(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => leafPaths(item, joinPath(path, i)));
  }
  if (isObject(value)) {
    return Object.entries(value).flatMap(([name, item]) => leafPaths(item, joinPath(path, name)));
  }
  return [path];
}

/** As YAML, with a comment behind every value that is not from the file. */
export function effectiveYaml({ config, origins }: EffectiveConfig): string {
  const document = new Document(config);
  comment(document.contents, '', origins);
  return document.toString({ lineWidth: 0 });
}

function comment(node: unknown, path: string, origins: EffectiveConfig['origins']): void {
  if (isMap(node)) {
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      comment(pair.value, joinPath(path, key), origins);
    }
  } else if (isSeq(node)) {
    for (const [i, item] of node.items.entries()) {
      comment(item, joinPath(path, i), origins);
    }
  } else if (isScalar(node)) {
    const origin = origins[path];
    if (origin !== undefined && origin !== 'file') {
      node.comment = ` ${origin}`;
    }
  }
}
