import type { ConnectorKind } from './connector-kind';
import { propertyOf, schemaRoot } from './schema';
import type { JsonObject } from './tree';

/** The secret of that name, as `BaseContext.getSecret` answers. */
export type SecretLookup = (name: string) => string | undefined;

/** Names of the options that secrets of the same name override. */
export function sensitiveOptions(kind: ConnectorKind): string[] {
  const place = schemaRoot(kind);
  return Object.keys(place.node.properties ?? {}).filter(
    (name) => propertyOf(place, name)?.node['x-sensitive'] === true,
  );
}

/** Source: org.apache.pulsar.io.common.IOConfigUtils.loadWithSecrets. */
export function withSecrets(configs: JsonObject, kind: ConnectorKind, secrets: SecretLookup): JsonObject {
  const found = sensitiveOptions(kind).flatMap((name) => {
    const value = secrets(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...configs, ...Object.fromEntries(found) };
}
