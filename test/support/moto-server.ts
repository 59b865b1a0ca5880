import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const CACHE = resolve(__dirname, '../../node_modules/.cache');
/** Exact versions of moto and of everything it imports. */
const REQUIREMENTS = resolve(__dirname, '../interop/moto/requirements.txt');
const READY = /Running on (http:\/\/\S+)/;

/** moto_server, AWS as PyPI has it. */
export interface MotoServer {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** @throws Error with the words of pip or Python when it cannot be had */
export async function startMoto(): Promise<MotoServer> {
  const PYTHONPATH = await motoFolder();
  const args = ['-m', 'moto.server', '--host', '127.0.0.1', '--port', '0'];
  const child = spawn('python3', args, {
    env: { PATH: process.env.PATH, PYTHONPATH, PYTHONUNBUFFERED: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  let log = '';
  const endpoint = await new Promise<string>((found, failed) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const [, url] = READY.exec(log) ?? [];
      if (url !== undefined) {
        found(url);
      }
    });
    ended.then(() => failed(new Error(`moto_server ended:\n${log}`)), failed);
  });
  return {
    endpoint,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Folder with moto, for PYTHONPATH; fetched from PyPI once a checkout. */
async function motoFolder(): Promise<string> {
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const home = join(CACHE, `moto-${digest}`);
  if (!existsSync(home)) {
    await mkdir(CACHE, { recursive: true });
    const scratch = await mkdtemp(join(CACHE, 'unpacking-'));
    try {
      const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
      await run('python3', ['-m', 'pip', 'install', ...options, '--target', scratch, '-r', REQUIREMENTS]);
      await rename(scratch, home).catch((error: NodeJS.ErrnoException) => {
        // Another process was faster.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') {
          throw error;
        }
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  return home;
}
