import { javaDouble, javaFloat } from './java-number';

/**
 * A number kept as text, so that no digit of it is lost.
 * `wide` is its text as a double where that differs: what the Java connector writes of a float when it flattens.
 */
export class JsonNumber {
  constructor(
    readonly text: string,
    readonly wide: string = text,
  ) {}
}

/** Members in the order they are written in. A Map, because objects put names that look like numbers first. */
export type JsonObject = Map<string, JsonValue>;

/** A decoded payload: what one JSON document can say, nothing more. */
export type JsonValue = null | boolean | string | JsonNumber | JsonValue[] | JsonObject;

/** JSON has no word for NaN and the infinities: text, as Jackson has it. */
export function doubleValue(value: number): JsonValue {
  return Number.isFinite(value) ? new JsonNumber(javaDouble(value)) : String(value);
}

export function floatValue(value: number): JsonValue {
  return Number.isFinite(value) ? new JsonNumber(javaFloat(value), javaDouble(value)) : String(value);
}
