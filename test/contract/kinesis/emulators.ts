import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createKinesisModel, Faults, SettableClock, startServer } from '../../../src/emulator';
import { systemClock } from '../../../src/util/clock';
import { seededRandom } from '../../../src/util/random';

/** A Kinesis that is running on 127.0.0.1. */
export interface RunningKinesis {
  readonly endpoint: string;
  stop(): Promise<void>;
}

export type EmulatorName = 'ours' | 'kinesalite' | 'kinesis-local';

export const EMULATORS: { readonly [name in EmulatorName]: () => Promise<RunningKinesis> } = {
  ours: async () => {
    const clock = new SettableClock();
    const random = seededRandom(1);
    const server = await startServer({
      services: [createKinesisModel({ clock })],
      clock,
      timer: systemClock,
      random,
      faults: new Faults(random),
      host: '127.0.0.1',
      port: 0,
    });
    return { endpoint: `http://127.0.0.1:${server.port}`, stop: server.close };
  },

  kinesalite: async () => {
    const kinesalite = require('kinesalite') as (options: object) => Server;
    const server = kinesalite({ createStreamMs: 0, deleteStreamMs: 0, updateStreamMs: 0, shardLimit: 1000 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      stop: async () => {
        server.closeAllConnections();
        server.close();
      },
    };
  },

  'kinesis-local': async () => {
    const main = require.resolve('kinesis-local');
    const changes = [
      'CREATE_STREAM',
      'DELETE_STREAM',
      'SPLIT_SHARD',
      'MERGE_SHARDS',
      'UPDATE_SHARD_COUNT',
      'REGISTER_STREAM_CONSUMER',
      'DEREGISTER_STREAM_CONSUMER',
    ];
    const durations = changes.map((name) => [`${name}_DURATION`, '1ms']);
    const child = spawn(process.execPath, ['-r', resolve('test/support/loopback-listen.cjs'), main], {
      cwd: dirname(main),
      env: {
        PATH: process.env.PATH,
        KINESIS_MOCK_PLAIN_PORT: '0',
        KINESIS_MOCK_TLS_PORT: '0',
        SHARD_LIMIT: '1000',
        LOG_LEVEL: 'ERROR',
        ...Object.fromEntries(durations),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    for await (const line of createInterface(child.stdout)) {
      const port = /^listening (\d+)$/.exec(line)?.[1];
      if (port !== undefined && (await speaksHttp(Number(port)))) {
        child.stdout.resume();
        return {
          endpoint: `http://127.0.0.1:${port}`,
          stop: async () => {
            // It has nothing to keep, and takes seconds to end by itself.
            child.kill('SIGKILL');
            await exited;
          },
        };
      }
    }
    throw new Error('kinesis-local ended before it was listening');
  },
};

/** Of the two ports of kinesis-local one wants TLS. */
async function speaksHttp(port: number): Promise<boolean> {
  const request = get({ host: '127.0.0.1', port });
  try {
    const [response] = await once(request, 'response');
    response.resume();
    return true;
  } catch {
    return false;
  }
}
