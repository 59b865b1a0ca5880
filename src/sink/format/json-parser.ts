import { isUtf8 } from 'node:buffer';
import { jacksonNumber } from './java-number';
import { JsonNumber, type JsonObject, type JsonValue } from './json-value';
import { PayloadError } from './payload-error';

/** Deepest nesting accepted. Source: Jackson, StreamReadConstraints. */
export const MAX_DEPTH = 1_000;

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Reads a JSON document (RFC 8259) without losing what JSON.parse loses: digits of numbers, and the order of members
 * whose names look like numbers. Of members with the same name the last value counts, at the place of the first.
 * @throws PayloadError
 */
export function parseJson(bytes: Buffer): JsonValue {
  if (!isUtf8(bytes)) {
    throw new PayloadError('JSON', 'bytes that are not UTF-8');
  }
  return new JsonParser(bytes.toString('utf8')).document();
}

class JsonParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonValue {
    const value = this.#value();
    if (!Number.isNaN(this.#next())) {
      throw this.#unexpected('the end');
    }
    return value;
  }

  #value(): JsonValue {
    switch (this.#next()) {
      case QUOTE:
        return this.#string();
      case OPEN_BRACE:
        return this.#object();
      case OPEN_BRACKET:
        return this.#array();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(): JsonObject {
    const object: JsonObject = new Map();
    this.#enter();
    if (this.#next() === CLOSE_BRACE) {
      this.#leave();
      return object;
    }
    for (;;) {
      if (this.#next() !== QUOTE) {
        throw this.#unexpected('a member name');
      }
      const name = this.#string();
      if (this.#next() !== COLON) {
        throw this.#unexpected('":"');
      }
      this.#at++;
      object.set(name, this.#value());
      if (this.#endsWith(CLOSE_BRACE)) {
        return object;
      }
    }
  }

  #array(): JsonValue[] {
    const items: JsonValue[] = [];
    this.#enter();
    if (this.#next() === CLOSE_BRACKET) {
      this.#leave();
      return items;
    }
    for (;;) {
      items.push(this.#value());
      if (this.#endsWith(CLOSE_BRACKET)) {
        return items;
      }
    }
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) {
      throw new PayloadError(`JSON nested at most ${MAX_DEPTH} deep`, `more at character ${this.#at}`);
    }
    this.#at++;
  }

  #leave(): void {
    this.#depth--;
    this.#at++;
  }

  /** Steps over `end` or over a comma. */
  #endsWith(end: number): boolean {
    const found = this.#next();
    if (found === end) {
      this.#leave();
      return true;
    }
    if (found !== COMMA) {
      throw this.#unexpected(`"," or "${String.fromCharCode(end)}"`);
    }
    this.#at++;
    return false;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at;
    let plain = true;
    let at = start + 1;
    for (; ; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        break;
      }
      if (code === BACKSLASH) {
        plain = false;
        at++;
      } else if (!(code >= 0x20)) {
        // Not a number at the end of the text: this way both that and a control character end here.
        this.#at = at;
        throw this.#unexpected('the rest of a string');
      }
    }
    this.#at = at + 1;
    return plain ? text.slice(start + 1, at) : this.#unescaped(start, at + 1);
  }

  #unescaped(start: number, end: number): string {
    try {
      return JSON.parse(this.#text.slice(start, end));
    } catch {
      throw new PayloadError('JSON', `a string with an invalid escape at character ${start}`);
    }
  }

  #number(): JsonNumber {
    NUMBER.lastIndex = this.#at;
    const found = NUMBER.exec(this.#text)?.[0];
    if (found === undefined) {
      throw this.#unexpected('a value');
    }
    this.#at += found.length;
    return new JsonNumber(jacksonNumber(found));
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) {
      throw this.#unexpected('a value');
    }
    this.#at += word.length;
    return value;
  }

  /** Code of the next character that is not white space, which is left where it is; NaN at the end. */
  #next(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) {
        return code;
      }
      this.#at++;
    }
  }

  #unexpected(expected: string): PayloadError {
    const found = this.#text.codePointAt(this.#at);
    const named = found === undefined ? 'the end' : JSON.stringify(String.fromCodePoint(found));
    return new PayloadError(`JSON, here ${expected}`, `${named} at character ${this.#at}`);
  }
}
