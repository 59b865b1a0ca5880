import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findViolations, type SourceTree } from '../support/source-rules';

const SRC = join(__dirname, '../../src');

function realTree(): SourceTree {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  return new Map(files.map((path) => [path.replaceAll('\\', '/'), readFileSync(join(SRC, path), 'utf8')]));
}

/** Violations of a tree of `files`, given as path and text. */
const violationsOf = (files: { readonly [path: string]: string }): string[] =>
  findViolations(new Map(Object.entries(files)));

test('every import of src points in the direction the design allows, without a cycle', () => {
  const tree = realTree();
  expect(tree.size).toBeGreaterThan(10);
  expect(findViolations(tree)).toEqual([]);
});

describe('the checker sees a planted', () => {
  test.each([
    ['upward import', 'util/a.ts', "import { x } from '../io/b';", 'io/b.ts'],
    ['type-only upward import', 'io/a.ts', "import type { X } from '../config/b';", 'config/b.ts'],
    ['re-export', 'stream/a.ts', "export * from '../aws/b';", 'aws/b.ts'],
    ['named re-export', 'stream/a.ts', "export { b } from '../aws/b';", 'aws/b.ts'],
    ['dynamic import', 'source/a.ts', "const b = await import('../sink/b');", 'sink/b.ts'],
    ['require', 'sink/a.ts', "const b = require('../source/b');", 'source/b.ts'],
    ['import in a type', 'lease/a.ts', "let b: import('../retrieval/b').B;", 'retrieval/b.ts'],
    ['import equals', 'config/a.ts', "import b = require('../stream/b');", 'stream/b.ts'],
    ['import of a folder', 'pulsar/protocol/a.ts', "import { b } from '../../io';", 'io/index.ts'],
    ['emulator in the runtime', 'runtime/a.ts', "import { b } from '../emulator';", 'emulator/index.ts'],
    ['command in the library', 'index.ts', "export { b } from './cli/b';", 'cli/b.ts'],
    ['connector in a transport', 'pulsar/a.ts', "import { b } from '../source/b';", 'source/b.ts'],
  ])('%s', (_kind, path, text, target) => {
    const part = path === 'index.ts' ? 'index' : path.slice(0, path.lastIndexOf('/'));
    expect(violationsOf({ [path]: text, [target]: 'export const b = 1;' })).toEqual([
      `${path}: ${part} must not import ${target}`,
    ]);
  });

  test('import from outside src', () => {
    expect(violationsOf({ 'util/a.ts': "import { b } from '../../test/b';" })).toEqual([
      'util/a.ts: util must not import ../test/b',
    ]);
  });

  test('folder the design does not know', () => {
    expect(violationsOf({ 'helpers/a.ts': '' })).toEqual(['helpers/a.ts: there is no part named helpers']);
  });

  test('cycle over three files', () => {
    expect(
      violationsOf({
        'util/a.ts': "import './b';",
        'util/b.ts': "import type { C } from './c';",
        'util/c.ts': "export * from './a';",
      }),
    ).toEqual(['cycle: util/a.ts -> util/b.ts -> util/c.ts -> util/a.ts']);
  });

  test.each([
    ['process.env.HOME;', 'process.env'],
    ["process['env'];", 'process.env'],
    ['const { env } = process;', 'process.env'],
    ["import { env } from 'node:process';", 'node:process.env'],
    ['process.exit(1);', 'process.exit'],
    ['Date.now();', 'Date.now'],
    ['new Date();', 'new Date()'],
    ['performance.now();', 'performance'],
    ['setTimeout(f, 1);', 'setTimeout'],
    ['const later = setImmediate;', 'setImmediate'],
    ['AbortSignal.timeout(5);', 'AbortSignal.timeout'],
    ["import { setTimeout } from 'node:timers/promises';", 'node:timers/promises.setTimeout'],
    ['Math.random();', 'Math.random'],
    ['crypto.randomUUID();', 'crypto.randomUUID'],
    ["import { randomBytes as hidden } from 'node:crypto';", 'node:crypto.randomBytes'],
    ["import * as crypto from 'node:crypto';", 'node:crypto.*'],
  ])('use out of its place: %s', (text, use) => {
    expect(violationsOf({ 'source/a.ts': text })).toContain(`source/a.ts: must not use ${use}`);
  });
});

test.each([
  ['cli/a.ts', 'process.exit(process.exitCode);'],
  ['config/a.ts', 'export const read = () => process.env;'],
  ['util/clock.ts', 'setTimeout(f, Date.now());'],
  ['util/random.ts', "import { randomBytes } from 'node:crypto'; Math.random();"],
  ['source/a.ts', "import { createHash } from 'node:crypto'; new Date(5); clock.setTimeout(1);"],
  ['source/b.ts', 'function f(setTimeout: () => void) { setTimeout(); } // process.env'],
])('the checker lets %s do what is its own', (path, text) => {
  expect(violationsOf({ [path]: text })).toEqual([]);
});
