import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { joinPath } from './path';
import { isObject, type JsonObject } from './tree';

/** The keywords of our JSON Schemas that more than the validator reads. */
export interface SchemaNode {
  readonly $id?: string;
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: { readonly [name: string]: SchemaNode };
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly $defs?: { readonly [name: string]: SchemaNode };
  /** Never printed (G9). */
  readonly 'x-sensitive'?: boolean;
  /** Would silently do something else, except for the values of `x-neutral`; says what. */
  readonly 'x-refused'?: string;
  /** Accepted without effect, except for the values of `x-neutral`; says why. */
  readonly 'x-notice'?: string;
  readonly 'x-neutral'?: readonly unknown[];
  /** Unit of a number, in words. */
  readonly 'x-unit'?: string;
  /** What a `pattern` asks for, in words. */
  readonly 'x-format'?: string;
  /** Values of the sibling `type` this option belongs to. */
  readonly 'x-of'?: string | readonly string[];
  /** Environment variable, without its prefix, that goes before the file. */
  readonly 'x-env'?: string;
}

export type SchemaName = 'source' | 'sink' | 'connectors';

/** A node together with the document its references start from. */
export interface SchemaPlace {
  readonly document: SchemaNode;
  readonly node: SchemaNode;
}

const FOLDER = join(__dirname, '..', '..', 'schema');
const loaded = new Map<SchemaName, SchemaNode>();

/** A schema of the folder `schema/`: the one source of every option's name, type, default, range and help. */
export function schemaDocument(name: SchemaName): SchemaNode {
  let document = loaded.get(name);
  if (document === undefined) {
    document = JSON.parse(readFileSync(join(FOLDER, `${name}.schema.json`), 'utf8')) as SchemaNode;
    loaded.set(name, document);
  }
  return document;
}

export function schemaRoot(name: SchemaName): SchemaPlace {
  const document = schemaDocument(name);
  return { document, node: document };
}

/** Follows `$ref`; the siblings of a reference (title, description) lie over what it names. */
export function dereference({ document, node }: SchemaPlace): SchemaPlace {
  if (node.$ref === undefined) {
    return { document, node };
  }
  const { $ref, ...siblings } = node;
  const [file = '', pointer = ''] = $ref.split('#');
  const target = file === '' ? document : schemaDocument(file.replace('.schema.json', '') as SchemaName);
  const named = pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), target) as SchemaNode;
  const place = dereference({ document: target, node: named });
  return { document: place.document, node: { ...place.node, ...siblings } };
}

/** Schema of property `name` of a mapping; undefined when it has none. */
export function propertyOf(place: SchemaPlace, name: string): SchemaPlace | undefined {
  const { document, node } = dereference(place);
  const { properties, additionalProperties } = node;
  if (properties !== undefined && Object.hasOwn(properties, name)) {
    const property = properties[name];
    return property === undefined ? undefined : dereference({ document, node: property });
  }
  return typeof additionalProperties === 'object' ? { document, node: additionalProperties } : undefined;
}

/** The values of the sibling `type` that an option belongs to; undefined when it belongs to all. */
export function kindsOf(node: SchemaNode | undefined): readonly string[] | undefined {
  const of = node?.['x-of'];
  return of === undefined ? undefined : [of].flat();
}

/** What happens to one value of a tree, after its children; `node` is undefined where the schema says nothing. */
export type Visit = (value: unknown, place: SchemaPlace | undefined, path: string) => unknown;

/** A copy of `value` with `visit` applied to every value in it, innermost first. */
export function mapTree(value: unknown, place: SchemaPlace | undefined, path: string, visit: Visit): unknown {
  const here = place === undefined ? undefined : dereference(place);
  if (Array.isArray(value)) {
    const items = here?.node.items;
    const item =
      here === undefined || items === undefined ? undefined : { document: here.document, node: items };
    return visit(
      value.map((it, i) => mapTree(it, item, joinPath(path, i), visit)),
      here,
      path,
    );
  }
  if (isObject(value)) {
    const copy: JsonObject = Object.fromEntries(
      Object.entries(value).map(([name, it]) => {
        const property = here === undefined ? undefined : propertyOf(here, name);
        return [name, mapTree(it, property, joinPath(path, name), visit)];
      }),
    );
    return visit(copy, here, path);
  }
  return visit(value, here, path);
}
