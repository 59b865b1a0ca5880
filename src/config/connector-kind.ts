import { isObject, type JsonObject } from './tree';

/** Also the name of the schema of its `configs`, and of its Pulsar fields below `$defs`. */
export type ConnectorKind = 'source' | 'sink';

export const KINDS: readonly ConnectorKind[] = ['source', 'sink'];

/** Where the connectors of a kind stand in a file. */
export const LISTS = { source: 'sources', sink: 'sinks' } as const;

/** The connectors of a kind in a file, those that are mappings. */
export function connectorsOf(root: JsonObject, kind: ConnectorKind): readonly JsonObject[] {
  const list = root[LISTS[kind]];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

type Change = (connector: JsonObject, kind: ConnectorKind, path: string) => JsonObject;

/** `root` with `change` applied to every connector that is a mapping; what else stands there stays. */
export function mapConnectors(root: JsonObject, change: Change): JsonObject {
  const lists = KINDS.flatMap((kind) => {
    const name = LISTS[kind];
    const list = root[name];
    if (!Array.isArray(list)) {
      return [];
    }
    const mapped = list.map((it, i) => (isObject(it) ? change(it, kind, `${name}[${i}]`) : it));
    return [[name, mapped] as const];
  });
  return { ...root, ...Object.fromEntries(lists) };
}

/** `<tenant>-<namespace>-<name>`: what a connector in a list is called where its options name nothing. */
export function ownName({ tenant = 'public', namespace = 'default', name }: JsonObject): string | undefined {
  return typeof name === 'string' ? `${tenant}-${namespace}-${name}` : undefined;
}
