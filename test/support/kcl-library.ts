import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { maven } from './maven';

/** What Apache Pulsar's own Kinesis source has inside, and the newest of the line after it. */
export const KCL_VERSIONS = ['2.6.0', '3.4.2'] as const;

export type KclVersion = (typeof KCL_VERSIONS)[number];

const HARNESS = resolve(__dirname, '../interop/kcl-harness');
const CACHE = resolve(__dirname, '../../node_modules/.cache');

const pending = new Map<KclVersion, Promise<string>>();

/**
 * Class path of the harness and the library. Maven fetches the library once a machine (125 jars, 70 MB), and the
 * harness is compiled once a checkout for each text of its sources.
 */
export function kclClassPath(version: KclVersion): Promise<string> {
  const path = pending.get(version) ?? build(version);
  pending.set(version, path);
  return path;
}

async function build(version: KclVersion): Promise<string> {
  const home = join(CACHE, `kcl-harness-${version}-${digest()}`);
  if (!existsSync(home)) {
    await mkdir(CACHE, { recursive: true });
    const scratch = await mkdtemp(join(CACHE, 'compiling-'));
    try {
      const choice = [`-Dkcl.version=${version}`, `-Doutput=${scratch}`];
      await maven(`KCL ${version}`, HARNESS, '-q', ...choice, 'compile', 'dependency:copy-dependencies');
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
  return `${join(home, 'classes')}:${join(home, 'lib')}/*`;
}

function digest(): string {
  const hash = createHash('sha256');
  const files = readdirSync(HARNESS, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(java|xml)$/.test(name),
  );
  for (const name of files.sort()) {
    hash.update(name).update(readFileSync(join(HARNESS, name)));
  }
  return hash.digest('hex').slice(0, 12);
}
