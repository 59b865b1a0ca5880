/**
 * What must not reach a terminal as it is: control characters, which command it; those that are not seen or turn the
 * direction of what follows; lone surrogates, and what no font has.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const SHORT = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** Characters of two columns: East Asian ones, and pictures. Source: Unicode, East Asian Width W and F, in blocks. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]/u;
/** Characters that stand on the one before them. */
const MARK = /\p{M}/u;

/** `text` on one line, with everything in it that a terminal would obey, or hide, written out. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return SHORT.get(character) ?? (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 1)}}`);
  });
}

/** JSON on one line that means the same, without a character that a terminal would obey, or hide. */
export function safeJson(json: string): string {
  return json.replace(UNSAFE, (character) =>
    Array.from({ length: character.length }, (_, i) => `\\u${hex(character.charCodeAt(i), 4)}`).join(''),
  );
}

/**
 * The beginning of a printable `text`, as much as fits into `columns`; where something is left out an ellipsis is the last.
 * @param columns from 1
 */
export function cut(text: string, columns: number): string {
  let width = 0;
  let end = 0;
  // The end of what fits if an ellipsis has to follow.
  let short = 0;
  for (const character of text) {
    width += widthOf(character);
    if (width > columns) {
      return `${text.slice(0, short)}…`;
    }
    end += character.length;
    if (width < columns) {
      short = end;
    }
  }
  return text;
}

/** `text` cut or filled up to `columns`. */
export function fill(text: string, columns: number): string {
  const shown = cut(text, columns);
  let width = 0;
  for (const character of shown) {
    width += widthOf(character);
  }
  return shown + ' '.repeat(columns - width);
}

function widthOf(character: string): number {
  return MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');
