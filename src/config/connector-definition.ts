import type { ProcessingGuarantees } from '../io';
import { connectorClass } from './connector-class';
import type { ConnectorKind } from './connector-kind';
import { mapSensitive } from './normalise';
import { schemaRoot } from './schema';
import { hiddenMap, hide } from './secret';
import type { JsonObject } from './tree';

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

/** @param connector Valid, with the defaults of everything but `configs`. */
export function connectorDefinition(connector: JsonObject, kind: ConnectorKind): ConnectorDefinition {
  const className = connectorClass(connector);
  const configs = connector.configs as JsonObject;
  const text = (name: string): string => String(connector[name]);
  return {
    tenant: text('tenant'),
    namespace: text('namespace'),
    name: text('name'),
    className,
    parallelism: Number(connector.parallelism ?? 1),
    processingGuarantees: connector.processingGuarantees as ProcessingGuarantees,
    configs:
      className === 'kinesis' ? (mapSensitive(configs, schemaRoot(kind), hide) as JsonObject) : configs,
    secrets: hiddenMap((connector.secrets ?? {}) as { readonly [name: string]: string }),
  };
}
