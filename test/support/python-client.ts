import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Of pulsar-client on PyPI, a wheel of Pulsar's C++ client. */
const VERSION = '3.13.0';
const CACHE = resolve(__dirname, '../../node_modules/.cache');
const HOME = join(CACHE, `pulsar-python-avro-${VERSION}`);

/**
 * Folder with Pulsar's Python client, for PYTHONPATH; fetched from PyPI once a checkout.
 * @throws Error with pip's own words when it cannot be had
 */
export async function pythonClient(): Promise<string> {
  if (!existsSync(HOME)) {
    await mkdir(CACHE, { recursive: true });
    const scratch = await mkdtemp(join(CACHE, 'unpacking-'));
    try {
      const options = ['--quiet', '--disable-pip-version-check', '--only-binary=:all:', '--target', scratch];
      await run('python3', ['-m', 'pip', 'install', ...options, `pulsar-client[avro]==${VERSION}`]);
      await rename(scratch, HOME).catch((error: NodeJS.ErrnoException) => {
        // Another process was faster.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') {
          throw error;
        }
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  return HOME;
}
