import { kindsOf, mapTree, propertyOf, type SchemaPlace } from './schema';
import { isObject, type JsonObject } from './tree';

/**
 * `value` as the schema wants it: numbers and booleans written as text are read (references give text, and
 * Jackson takes them from Java files too), and known options that are null count as not set.
 */
export function normalise(value: unknown, place: SchemaPlace): unknown {
  return mapTree(value, place, '', (it, at) => {
    if (isObject(it)) {
      const kept = Object.entries(it).filter(
        ([name, item]) => item !== null || at === undefined || propertyOf(at, name) === undefined,
      );
      return Object.fromEntries(kept);
    }
    return typeof it === 'string' ? readText(it, at?.node.type) : it;
  });
}

function readText(text: string, type: string | readonly string[] | undefined): unknown {
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) {
    return Number(text);
  }
  if (type === 'boolean' && (text === 'true' || text === 'false')) {
    return text === 'true';
  }
  return text;
}

/** `value` with every default of the schema that applies, also in mappings that are not there; the empty text is none. */
export function withDefaults(value: JsonObject, place: SchemaPlace): JsonObject {
  return mapTree(value, place, '', (it, at) =>
    isObject(it) && at !== undefined ? addDefaults(it, at) : it,
  ) as JsonObject;
}

function addDefaults(value: JsonObject, place: SchemaPlace): JsonObject {
  const added: { [name: string]: unknown } = {};
  for (const name of Object.keys(place.node.properties ?? {})) {
    const property = propertyOf(place, name);
    if (property === undefined || Object.hasOwn(value, name) || !applies(property, value)) {
      continue;
    }
    const { node } = property;
    if (node.default !== undefined && node.default !== '') {
      added[name] = node.default;
    } else if (node.type === 'object' && node.properties !== undefined && node.required === undefined) {
      const inner = addDefaults({}, property);
      if (Object.keys(inner).length > 0) {
        added[name] = inner;
      }
    }
  }
  return { ...value, ...added };
}

/** Options without effect get no default, nor do those of another kind of credentials. */
function applies({ node }: SchemaPlace, siblings: JsonObject): boolean {
  const idle = node['x-refused'] ?? node['x-notice'];
  return idle === undefined && (kindsOf(node)?.includes(String(siblings.type)) ?? true);
}

/** `value` with `change` applied to every text the schema calls sensitive. */
export function mapSensitive(
  value: unknown,
  place: SchemaPlace,
  change: (text: string, path: string) => unknown,
): unknown {
  return mapTree(value, place, '', (it, at, path) =>
    at?.node['x-sensitive'] === true && typeof it === 'string' && it !== '' ? change(it, path) : it,
  );
}
