import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { MessageCase } from './message-cases';
import { pulsarDistribution } from './pulsar-distribution';
import { pythonClient } from './python-client';

const run = promisify(execFile);

const HARNESS = resolve(__dirname, '../interop/pulsar-harness');
const CACHE = resolve(__dirname, '../../node_modules/.cache');

/** A Pulsar client that is not ours, as a program: `command …args write|read plan.json`. */
export interface ForeignClient {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Of the case, what it can send and receive; undefined when it has no such thing. */
  able(one: MessageCase): MessageCase | undefined;
}

/** The Java client of the broker's own distribution. */
export async function javaForeigner(): Promise<ForeignClient> {
  const home = await pulsarDistribution();
  const classes = await compiled(home);
  const opens = ['java.base/java.nio', 'java.base/jdk.internal.misc', 'java.base/sun.net'];
  return {
    name: 'Java',
    command: 'java',
    args: [
      ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.net.preferIPv4Stack=true'],
      ...[
        '-Dlog4j.configurationFile=log4j2.yaml',
        '-Dpulsar.log.level=error',
        '-Dpulsar.log.root.level=error',
      ],
      '-Dio.netty.tryReflectionSetAccessible=true',
      ...opens.flatMap((name) => ['--add-opens', `${name}=ALL-UNNAMED`]),
      ...['-cp', `${classes}:${home}/conf:${home}/lib/*`],
      'PulsarHarness',
    ],
    able: (one) => one,
  };
}

/** pulsar-client of PyPI: the C++ client, which knows keys only as text that is not empty, and no KEY_VALUE. */
export async function pythonForeigner(): Promise<ForeignClient> {
  const folder = await pythonClient();
  return {
    name: 'Python',
    command: 'env',
    args: [`PYTHONPATH=${folder}`, 'python3', join(HARNESS, 'pulsar_harness.py')],
    able: (one) =>
      one.schema.startsWith('KEY_VALUE')
        ? undefined
        : {
            ...one,
            messages: one.messages.filter(
              ({ key, keyIsBase64, value }) => key !== '' && !keyIsBase64 && value,
            ),
          },
  };
}

/** Folder of the harness's classes, compiled once a checkout for each text of its sources. */
async function compiled(home: string): Promise<string> {
  const sources = readdirSync(HARNESS).filter((name) => name.endsWith('.java'));
  const hash = createHash('sha256');
  for (const name of sources.sort()) {
    hash.update(name).update(readFileSync(join(HARNESS, name)));
  }
  const folder = join(CACHE, `pulsar-harness-${hash.digest('hex').slice(0, 12)}`);
  if (!existsSync(folder)) {
    await mkdir(CACHE, { recursive: true });
    const scratch = await mkdtemp(join(CACHE, 'compiling-'));
    try {
      const files = sources.map((name) => join(HARNESS, name));
      await run('javac', ['-proc:none', '-d', scratch, '-cp', `${home}/lib/*`, ...files]);
      await rename(scratch, folder).catch((error: NodeJS.ErrnoException) => {
        // Another process was faster.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') {
          throw error;
        }
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  return folder;
}
