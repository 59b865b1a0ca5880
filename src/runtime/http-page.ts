import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The page, and the policy that lets a browser run nothing but what is in it. */
export interface Page {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

const FOLDER = join(__dirname, 'page');

/** The page in one piece: its style and its modules are put into the document. */
export function page(read: (name: string) => string = readPart): Page {
  const style = read('page.css');
  const script = joinModules('main.mjs', read);
  const html = read('page.html')
    .replace('/* page.css */', () => style)
    .replace('/* main.mjs */', () => script);
  return {
    html,
    contentSecurityPolicy: [
      "default-src 'none'",
      `style-src '${digest(style)}'`,
      `script-src '${digest(script)}'`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
}

const IMPORT = /^import (\{[^}]*\}) from '\.\/([\w-]+)\.mjs';\n/gm;
const EXPORT = /^export (?=(?:async )?(?:function\*?|class|const) ([\w$]+))/gm;

/**
 * A module and those that it imports, each once, the imported ones first, as one script. It knows the imports and
 * exports that the page has: of names, one import a statement, and of what is declared there.
 */
export function joinModules(name: string, read: (name: string) => string, seen = new Set<string>()): string {
  seen.add(name);
  const text = read(name);
  const imported = Array.from(text.matchAll(IMPORT), ([, , from = '']) => `${from}.mjs`);
  const before = imported.map((from) => (seen.has(from) ? '' : joinModules(from, read, seen)));
  const exported = Array.from(text.matchAll(EXPORT), ([, exportedName]) => exportedName);
  const body = text
    .replace(IMPORT, (_all, names: string, from: string) => `const ${names} = ${variableOf(from)};\n`)
    .replace(EXPORT, '');
  const variable = variableOf(name.replace(/\.mjs$/, ''));
  return `${before.join('')}const ${variable} = (() => {\n${body}return { ${exported.join(', ')} };\n})();\n`;
}

/** What a module is called in the script: `shard-table` is `$shardTable`. */
function variableOf(module: string): string {
  return `$${module.replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase())}`;
}

function readPart(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8');
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
