// Preload (`node -r`): lets Node run the TypeScript of src, bench and test as it stands. The compiler works in a process
// of its own, once for all files, so that neither its memory nor its time counts in what is measured.
const { execFileSync } = require('node:child_process');
const { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const { Module } = require('node:module');
const { dirname, join, relative, resolve } = require('node:path');

const ROOT = resolve(__dirname, '..');
const CACHE = join(ROOT, 'node_modules/.cache/typescript');

const compiledPath = (source) => join(CACHE, `${relative(ROOT, source)}.js`);
const modifiedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const isStale = (source) => modifiedAt(compiledPath(source)) <= modifiedAt(source);

function compileStale() {
  const { transformFileSync } = require('@swc/core');
  const sources = [
    'src',
    'bench',
    'test/support',
    'test/simulation',
    'test/chaos',
    'test/fuzz',
    'test/interop',
  ].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(ROOT, folder, name)),
  );
  for (const source of sources.filter(isStale)) {
    const { code } = transformFileSync(source, {
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'commonjs' },
      sourceMaps: 'inline',
    });
    // Another process may be doing the same: what it finds is whole.
    const scratch = `${compiledPath(source)}.${process.pid}`;
    mkdirSync(dirname(scratch), { recursive: true });
    writeFileSync(scratch, code);
    renameSync(scratch, compiledPath(source));
  }
}

if (require.main === module) {
  compileStale();
} else {
  Module._extensions['.ts'] = (module, filename) => {
    if (isStale(filename)) {
      execFileSync(process.execPath, [__filename]);
    }
    module._compile(readFileSync(compiledPath(filename), 'utf8'), filename);
  };
}
