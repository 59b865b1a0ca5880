/**
 * Whether `name` is one that `pattern` means: `*` stands for any text, `?` for one character.
 * Time is at most the product of both lengths.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let at = 0;
  let star: { readonly pattern: number; name: number } | undefined;
  let i = 0;
  while (i < name.length) {
    if (pattern[at] === '*') {
      star = { pattern: at++, name: i };
    } else if (pattern[at] === '?' || pattern[at] === name[i]) {
      at++;
      i++;
    } else if (star !== undefined) {
      // The last star takes one character more.
      i = ++star.name;
      at = star.pattern + 1;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') {
    at++;
  }
  return at === pattern.length;
}
