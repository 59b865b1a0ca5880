import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { maven } from './maven';

const run = promisify(execFile);

const VERSION = '4.0.8';
const ARTIFACT = `org.apache.pulsar:pulsar-server-distribution:${VERSION}:tar.gz:bin`;
const WHAT = 'The broker of the tests';
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
    await maven(WHAT, CACHE, 'dependency:get', '-Dtransitive=false', `-Dartifact=${ARTIFACT}`);
    await maven(
      WHAT,
      CACHE,
      'dependency:copy',
      '-q',
      `-Dartifact=${ARTIFACT}`,
      `-DoutputDirectory=${scratch}`,
    );
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
