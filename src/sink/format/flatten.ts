import { flatNumber } from './java-number';
import { JsonNumber, type JsonObject, type JsonValue } from './json-value';
import { PayloadError } from './payload-error';

/** Names of leaves may be this long together: more than any record may hold, so nothing that could be stored is refused. */
const MAX_NAMES = 16 << 20;

/**
 * One level of `object`: the way to each leaf becomes its name, `payload.e.a` or `payload.list[0]`; names that hold
 * a dot or a bracket are written `["a.b"]`. Empty objects and arrays are leaves. When two ways give the same name
 * the last value counts. Source: json-flattener as the Java connector uses it.
 * @throws PayloadError when long names nested deep would make gigabytes of a small payload
 */
export function flatten(object: JsonObject): JsonObject {
  const leaves: JsonObject = new Map();
  let length = 0;
  const descend = (value: JsonValue, way: string): void => {
    if (value instanceof Map && value.size > 0) {
      for (const [name, member] of value) {
        descend(member, step(way, name));
      }
    } else if (Array.isArray(value) && value.length > 0) {
      value.forEach((item, index) => {
        descend(item, `${way}[${index}]`);
      });
    } else {
      length += way.length;
      if (length > MAX_NAMES) {
        throw new PayloadError(`names of at most ${MAX_NAMES} characters when flattened`, 'more');
      }
      leaves.set(way, value instanceof JsonNumber ? new JsonNumber(flatNumber(value.wide)) : value);
    }
  };
  descend(object, '');
  return leaves;
}

function step(way: string, name: string): string {
  if (/[.[\]]/.test(name)) {
    return `${way}["${name}"]`;
  }
  return way === '' ? name : `${way}.${name}`;
}
