/** As what a payload is shown. `auto`: as text where it is UTF-8, else in hex. */
export const DECODINGS = ['auto', 'json', 'utf8', 'hex', 'base64'] as const;
export type Decoding = (typeof DECODINGS)[number];

/** A payload in characters; nothing is lost, whatever the bytes. */
export interface DecodedText {
  readonly text: string;
  /** What the characters are; `json` is UTF-8 with the white space between its tokens left out. */
  readonly as: 'json' | 'utf8' | 'hex' | 'base64';
  /** False: the bytes are not what was asked for. */
  readonly valid: boolean;
}

const QUOTE = 34;
const BACKSLASH = 92;
const SPACE = 32;

// With the byte order mark, which is a part of the payload.
const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * `data` as asked, or, when it is none of that, as text, or in `otherwise`. JSON keeps its own spelling: numbers of
 * any length, the order of names and names that stand there twice.
 */
export function decode(data: Uint8Array, as: Decoding, otherwise: 'hex' | 'base64' = 'hex'): DecodedText {
  if (as === 'hex' || as === 'base64') {
    return { text: inDigits(data, as), as, valid: true };
  }
  const text = utf8(data);
  if (text === undefined) {
    return { text: inDigits(data, otherwise), as: otherwise, valid: as === 'auto' };
  }
  if (as !== 'utf8' && isJson(text, as === 'auto')) {
    return { text: withoutSpace(text), as: 'json', valid: true };
  }
  return { text, as: 'utf8', valid: as !== 'json' };
}

/** Undefined when `data` is not UTF-8. */
function utf8(data: Uint8Array): string | undefined {
  try {
    return STRICT.decode(data);
  } catch {
    return undefined;
  }
}

/** @param structured only objects and arrays: a number or a word is text first of all */
function isJson(text: string, structured: boolean): boolean {
  if (structured && !/^[ \t\r\n]*[[{]/.test(text)) {
    return false;
  }
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Valid JSON on one line. By hand: a regular expression may run out of stack where a string is long. */
function withoutSpace(json: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(json, i);
    } else if (code <= SPACE) {
      parts.push(json.slice(from, i));
      from = i + 1;
    }
  }
  return parts.join('') + json.slice(from);
}

/** @param at of its opening quote @returns of its closing one */
function endOfString(json: string, at: number): number {
  let i = at + 1;
  for (let code = json.charCodeAt(i); code !== QUOTE; code = json.charCodeAt(i)) {
    i += code === BACKSLASH ? 2 : 1;
  }
  return i;
}

function inDigits(data: Uint8Array, as: 'hex' | 'base64'): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString(as);
}
