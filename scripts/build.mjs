// Compiles src to dist, unless dist is newer than all it is made of.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ensureInstalled, root } from './ensure.mjs';

const INPUTS = [
  'src',
  'schema',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
  'scripts/build.mjs',
];
/** Written last, so that a build which failed or was interrupted is done again. */
const STAMP = 'dist/.built';

process.chdir(root);

/** Directories count too: their time changes when a file is removed. */
function newest(path) {
  const stats = statSync(path);
  const below = stats.isDirectory() ? readdirSync(path).map((name) => newest(`${path}/${name}`)) : [];
  return Math.max(stats.mtimeMs, ...below);
}

export function ensureBuilt() {
  ensureInstalled();
  const builtAt = statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (builtAt > Math.max(...INPUTS.map(newest))) {
    return;
  }
  process.stderr.write('building …\n');
  rmSync('dist', { recursive: true, force: true });
  const compiler = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'];
  if (spawnSync(process.execPath, compiler, { stdio: ['ignore', 2, 2] }).status !== 0) {
    process.stderr.write('the build failed\n');
    process.exit(1);
  }
  const command = 'dist/cli/main.js';
  if (!readFileSync(command, 'utf8').startsWith('#!/usr/bin/env node\n')) {
    throw new Error(
      'src/cli/main.ts must begin with #!/usr/bin/env node: the package installs it as a command',
    );
  }
  chmodSync(command, 0o755);
  mkdirSync('dist/runtime/page');
  for (const part of readdirSync('src/runtime/page').filter((name) => /\.(html|css|mjs)$/.test(name))) {
    copyFileSync(`src/runtime/page/${part}`, `dist/runtime/page/${part}`);
  }
  mkdirSync('dist/data');
  copyFileSync('node_modules/vega-datasets/data/flights-5k.json', 'dist/data/flights.json');
  writeEditorSchemas();
  writeFileSync(STAMP, '');
}

/** What a `$schema` line may name: each in one piece. */
function writeEditorSchemas() {
  const { editorSchema } = createRequire(import.meta.url)('../dist/config/editor-schema.js');
  mkdirSync('dist/schema');
  for (const name of ['connectors', 'source', 'sink']) {
    writeFileSync(`dist/schema/${name}.schema.json`, `${JSON.stringify(editorSchema(name), null, 1)}\n`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureBuilt();
}
