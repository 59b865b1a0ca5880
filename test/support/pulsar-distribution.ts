import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '4.0.8';
const ARTIFACT = `org.apache.pulsar:pulsar-server-distribution:${VERSION}:tar.gz:bin`;
const CACHE = resolve(__dirname, '../../node_modules/.cache');
const HOME = join(CACHE, `apache-pulsar-${VERSION}`);

let pending: Promise<string> | undefined;

/**
 * Folder of an unpacked Pulsar distribution. Maven fetches it once a machine (245 MB) and it is unpacked once a
 * checkout; two processes that start together both unpack, and the first rename wins.
 */
export function pulsarDistribution(): Promise<string> {
  pending ??= existsSync(HOME) ? Promise.resolve(HOME) : unpack();
  return pending;
}

async function unpack(): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  const scratch = await mkdtemp(join(CACHE, 'unpacking-'));
  try {
    await maven('dependency:get', '-Dtransitive=false', `-Dartifact=${ARTIFACT}`);
    await maven('dependency:copy', '-q', `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${scratch}`);
    const home = join(scratch, 'home');
    await mkdir(home);
    const tarball = join(scratch, `pulsar-server-distribution-${VERSION}-bin.tar.gz`);
    await run('tar', ['xzf', tarball, '-C', home, '--strip-components=1']);
    await rename(home, HOME).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') {
        throw error;
      }
    });
    return HOME;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function maven(...args: string[]): Promise<void> {
  try {
    await run('mvn', ['-B', ...args], { cwd: CACHE, maxBuffer: 64 << 20 });
  } catch (cause) {
    const output = (cause as { stdout?: string }).stdout ?? '';
    throw new Error(`The broker of the tests comes from Maven Central and could not be had:\n${output}`, {
      cause,
    });
  }
}
