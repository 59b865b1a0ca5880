import type { ProcessingGuarantees } from '../io';
import { connectorClass } from './connector-class';
import type { ConnectorKind } from './connector-kind';
import { mapSensitive } from './normalise';
import { joinPath } from './path';
import { schemaRoot } from './schema';
import { hiddenMap, hide, type SecretAt } from './secret';
import type { JsonObject } from './tree';
import type { Secret } from './types';

/** What the definitions of sources and sinks share. */
export interface ConnectorDefinition {
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
  readonly className: string;
  readonly parallelism: number;
  readonly processingGuarantees: ProcessingGuarantees;
  readonly configs: JsonObject;
  readonly secrets: { readonly [name: string]: string };
}

/**
 * @param connector Valid, with the defaults of everything but `configs`.
 * @param secretAt The secrets that may change, by their paths below it.
 */
export function connectorDefinition(
  connector: JsonObject,
  kind: ConnectorKind,
  secretAt: SecretAt,
): ConnectorDefinition {
  const className = connectorClass(connector);
  const configs = connector.configs as JsonObject;
  const text = (name: string): string => String(connector[name]);
  // A secret goes before the option of its name.
  const option = (path: string): Secret | undefined =>
    secretAt(`secrets.${path}`) ?? secretAt(`configs.${path}`);
  return {
    tenant: text('tenant'),
    namespace: text('namespace'),
    name: text('name'),
    className,
    parallelism: Number(connector.parallelism ?? 1),
    processingGuarantees: connector.processingGuarantees as ProcessingGuarantees,
    configs:
      className === 'kinesis'
        ? (mapSensitive(
            configs,
            schemaRoot(kind),
            (value, path) => option(path) ?? hide(value),
          ) as JsonObject)
        : configs,
    secrets: hiddenMap(
      Object.fromEntries(
        Object.entries((connector.secrets ?? {}) as { readonly [name: string]: string }).map(
          ([name, value]) => [name, secretAt(joinPath('secrets', name)) ?? value],
        ),
      ),
    ),
  };
}
