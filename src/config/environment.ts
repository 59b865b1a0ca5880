import { joinPath } from './path';
import type { Environment } from './references';
import { type SchemaNode, schemaDocument } from './schema';
import { nearest } from './suggestion';
import type { ConfigNotice } from './types';

export const ENVIRONMENT_PREFIX = 'PULSAR_IO_KINESIS_';

/** Read by the sink of the Java connector to find its native part; nothing to us. */
const JAVA_VARIABLES = ['PULSAR_IO_KINESIS_KPL_PATH', 'PULSAR_IO_KINESIS_KPL_1_0_PATH'];

/** A setting given outside of the file. */
export interface OutsideSetting {
  readonly path: string;
  readonly value: unknown;
  /** As `config show` names it. */
  readonly origin: string;
}

/** The shared settings that have an environment variable: variable to path. Source: `x-env` in the schema. */
export function environmentVariables(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  collect(schemaDocument('connectors'), '', found);
  return found;
}

function collect({ properties = {} }: SchemaNode, path: string, found: Map<string, string>): void {
  for (const [name, node] of Object.entries(properties)) {
    if (node['x-env'] !== undefined) {
      found.set(ENVIRONMENT_PREFIX + node['x-env'], joinPath(path, name));
    }
    collect(node, joinPath(path, name), found);
  }
}

/** The settings that `environment` gives; variables that look misspelt are noticed. */
export function settingsFrom(environment: Environment, notices: ConfigNotice[]): OutsideSetting[] {
  const known = environmentVariables();
  const settings: OutsideSetting[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (
      !variable.startsWith(ENVIRONMENT_PREFIX) ||
      value === undefined ||
      JAVA_VARIABLES.includes(variable)
    ) {
      continue;
    }
    const path = known.get(variable);
    if (path !== undefined) {
      settings.push({ path, value, origin: `environment ${variable}` });
      continue;
    }
    const short = [...known.keys()].map((name) => name.slice(ENVIRONMENT_PREFIX.length));
    const suggestion = nearest(variable.slice(ENVIRONMENT_PREFIX.length), short);
    if (suggestion !== undefined) {
      const message = `no such variable; did you mean ${ENVIRONMENT_PREFIX}${suggestion}?`;
      notices.push({ path: variable, message });
    }
  }
  return settings;
}
