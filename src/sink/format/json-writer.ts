import { JsonNumber, type JsonValue } from './json-value';

/** Anything but characters that stand for themselves: quote, backslash, controls, and surrogates, which may be lone. */
const SPECIAL = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;
const ESCAPE = /\\(?:u([0-9a-f]{4})|.)/g;

/** A JSON string as Jackson writes it: upper-case hex in escapes, nothing escaped that need not be. */
export function jacksonString(text: string): string {
  if (!SPECIAL.test(text)) {
    return `"${text}"`;
  }
  return JSON.stringify(text).replace(ESCAPE, (whole, hex?: string) =>
    hex === undefined ? whole : `\\u${hex.toUpperCase()}`,
  );
}

/** A JSON string as Gson writes it: lower-case hex, and the two line separators that JavaScript stumbled over. */
export function gsonString(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (c) => (c === '\u2028' ? '\\u2028' : '\\u2029'));
}

/** `value` without white space, members in their order. */
export function writeJson(value: JsonValue): string {
  if (typeof value === 'string') {
    return jacksonString(value);
  }
  if (value instanceof JsonNumber) {
    return value.text;
  }
  if (value instanceof Map) {
    let text = '';
    for (const [name, member] of value) {
      text += `${text && ','}${jacksonString(name)}:${writeJson(member)}`;
    }
    return `{${text}}`;
  }
  if (Array.isArray(value)) {
    let text = '';
    for (const item of value) {
      text += `${text && ','}${writeJson(item)}`;
    }
    return `[${text}]`;
  }
  return String(value);
}

/** As `writeJson`, but members sorted by name: equal values have equal texts. */
export function writeCanonicalJson(value: JsonValue): string {
  return writeJson(sorted(value));
}

function sorted(value: JsonValue): JsonValue {
  if (value instanceof Map) {
    const members = [...value].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return new Map(members.map(([name, member]) => [name, sorted(member)]));
  }
  return Array.isArray(value) ? value.map(sorted) : value;
}
