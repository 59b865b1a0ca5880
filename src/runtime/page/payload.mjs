/** A payload as text. Bytes are never changed: what cannot be shown as asked says so. Every function is pure. */

/** @typedef {'auto' | 'json' | 'text' | 'hex'} View */

const INDENT = '  ';
const HEX_WIDTH = 16;
const SPACE = 32;

/** @param {string} base64 */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/**
 * @param {Uint8Array} bytes
 * @param {View} view
 * @returns {{ text: string, view: 'json' | 'text' | 'hex' | 'none' }} `none`: it is not what was asked for
 */
export function shownPayload(bytes, view) {
  if (view === 'hex') {
    return { text: hexDump(bytes), view: 'hex' };
  }
  const text = utf8(bytes);
  if (view === 'text') {
    return text === undefined ? { text: 'Not UTF-8 text.', view: 'none' } : { text, view: 'text' };
  }
  // A number or a word is text first of all.
  const mayBeJson = text !== undefined && (view === 'json' || /^[ \t\r\n]*[[{]/.test(text));
  const json = mayBeJson ? indentedJson(text) : undefined;
  if (json !== undefined) {
    return { text: json, view: 'json' };
  }
  if (view === 'json') {
    return { text: 'Not JSON.', view: 'none' };
  }
  return text !== undefined && isReadable(text)
    ? { text, view: 'text' }
    : { text: hexDump(bytes), view: 'hex' };
}

/** @param {Uint8Array} bytes */
function utf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Whether there are no control characters but white space. @param {string} text */
function isReadable(text) {
  return !/[^\P{Cc}\t\n\r]/u.test(text);
}

/**
 * JSON with a line for each value; undefined when it is none. Only white space differs from what was given: numbers that
 * JavaScript cannot hold, and names that stand there twice, stay as they are.
 * @param {string} text
 */
export function indentedJson(text) {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  let depth = 0;
  let out = '';
  const line = () => `\n${INDENT.repeat(depth)}`;
  const tokens = tokensOf(text);
  tokens.forEach((token, index) => {
    const [before, next] = [tokens[index - 1] ?? '', tokens[index + 1] ?? ''];
    if (token === '{' || token === '[') {
      const isEmpty = next === '}' || next === ']';
      depth += isEmpty ? 0 : 1;
      out += isEmpty ? token : token + line();
    } else if (token === '}' || token === ']') {
      const isEmpty = before === '{' || before === '[';
      depth -= isEmpty ? 0 : 1;
      out += isEmpty ? token : line() + token;
    } else {
      out += token === ',' ? token + line() : token === ':' ? ': ' : token;
    }
  });
  return out;
}

/** Of valid JSON. By hand: a regular expression may run out of stack where a string is long. @param {string} json */
function tokensOf(json) {
  const tokens = [];
  let at = 0;
  while (at < json.length) {
    const start = at;
    const character = json.charAt(at);
    if (character === '"') {
      do {
        at += json.charAt(at) === '\\' ? 2 : 1;
      } while (json.charAt(at) !== '"');
      at++;
    } else if (isPunctuation(character)) {
      at++;
    } else {
      while (at < json.length && !isPunctuation(json.charAt(at)) && json.charCodeAt(at) > SPACE) {
        at++;
      }
    }
    if (at === start) {
      at++;
    } else {
      tokens.push(json.slice(start, at));
    }
  }
  return tokens;
}

/** @param {string} character */
function isPunctuation(character) {
  return '{}[],:'.includes(character);
}

/** Offset, bytes, and what of them is ASCII. @param {Uint8Array} bytes */
export function hexDump(bytes) {
  const lines = [];
  for (let offset = 0; offset < bytes.length; offset += HEX_WIDTH) {
    const row = [...bytes.subarray(offset, offset + HEX_WIDTH)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${offset.toString(16).padStart(6, '0')}  ${hex.padEnd(HEX_WIDTH * 3 - 1)}  ${ascii}`);
  }
  return lines.join('\n');
}
