// Installs the dependencies when they are missing or older than the lockfile. Plain Node: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const modifiedAt = (path) => statSync(`${root}${path}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** npm by the way this process was started with it, so that the same version is used. */
function npm(args) {
  const cli = process.env.npm_execpath;
  const viaNode = cli !== undefined && /\.[cm]?js$/.test(cli);
  const [command, before] = viaNode ? [process.execPath, [cli]] : ['npm', []];
  const shell = !viaNode && process.platform === 'win32';
  // Standard output belongs to the data of whoever called.
  return spawnSync(command, [...before, ...args], { cwd: root, stdio: ['ignore', 2, 2], shell });
}

export function ensureInstalled() {
  // npm writes this file at the end of an installation, never before it is complete.
  if (modifiedAt('node_modules/.package-lock.json') >= modifiedAt('package-lock.json')) {
    return;
  }
  process.stderr.write('installing dependencies (npm ci) …\n');
  const { status, error } = npm(['ci', '--no-audit', '--no-fund', '--loglevel', 'error']);
  if (status !== 0) {
    process.stderr.write(`npm ci failed${error ? `: ${error.message}` : ''}; run it by hand to see why\n`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureInstalled();
}
