/** A mapping of a configuration file. */
export type JsonObject = { readonly [name: string]: unknown };

/** Whether `value` is a mapping: neither a list, nor a value of a class of ours. */
export function isObject(value: unknown): value is JsonObject {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Own property `name` of a mapping; undefined for everything else. */
export function get(value: unknown, ...names: string[]): unknown {
  let current = value;
  for (const name of names) {
    current = isObject(current) && Object.hasOwn(current, name) ? current[name] : undefined;
  }
  return current;
}

/** A text that is set: the empty text counts as not set, as in the Java connector. */
export function textAt(value: unknown, ...names: string[]): string | undefined {
  const found = get(value, ...names);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** A copy of `tree` with `value` at `names`, mappings made where there are none. */
export function setIn(tree: unknown, names: readonly string[], value: unknown): unknown {
  const [name, ...rest] = names;
  if (name === undefined) {
    return value;
  }
  const object = isObject(tree) ? tree : {};
  return { ...object, [name]: setIn(get(object, name), rest, value) };
}

/** `object` without those of `names` that hold the empty text. */
export function withoutEmpty(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(([name, value]) => value !== '' || !names.includes(name)),
  );
}
