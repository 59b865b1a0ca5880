import { Agent, request } from 'node:http';
import { Faults } from '../src/emulator/faults';
import { createKinesisModel } from '../src/emulator/kinesis/model';
import { startServer } from '../src/emulator/server';
import { systemClock } from '../src/util/clock';
import { seededRandom } from '../src/util/random';
import type { Figure } from './result';

const RECORDS = 200_000;
const SHARDS = 4;
const ENTRIES = 500;

/** Records of 1 KiB into and out of the emulated Kinesis over HTTP, for each second of CPU; what the caller costs, in this process too, is included. */
export async function run(): Promise<readonly Figure[]> {
  const random = seededRandom(1);
  const kinesis = createKinesisModel({ clock: systemClock });
  const faults = new Faults(random);
  const server = await startServer({
    services: [kinesis],
    clock: systemClock,
    timer: systemClock,
    random,
    faults,
    host: '127.0.0.1',
    port: 0,
  });
  const agent = new Agent({ keepAlive: true, maxSockets: SHARDS });
  const call = (operation: string, body: string): Promise<Buffer> =>
    post(agent, server.port, operation, body);
  try {
    kinesis.call('CreateStream', { StreamName: 'bench', ShardCount: SHARDS });
    const put = await cpuSecondsOf(async () => {
      await inParallel(SHARDS, async (lane) => {
        const body = putBody(lane, random.hex(1024));
        for (let sent = 0; sent < RECORDS / SHARDS; sent += ENTRIES) {
          await call('PutRecords', body);
        }
      });
    });
    const shards = kinesis.call('ListShards', { StreamName: 'bench' }).Shards;
    const got = await cpuSecondsOf(async () => {
      await inParallel(SHARDS, async (lane) => {
        let iterator: string | undefined = kinesis.call('GetShardIterator', {
          StreamName: 'bench',
          ShardId: shards[lane]?.ShardId ?? '',
          ShardIteratorType: 'TRIM_HORIZON',
        }).ShardIterator;
        for (let behind = true; behind; ) {
          const tail = (await call('GetRecords', JSON.stringify({ ShardIterator: iterator })))
            .subarray(-700)
            .toString('latin1');
          iterator = /"NextShardIterator":"([^"]+)"/.exec(tail)?.[1];
          behind = !tail.includes('"MillisBehindLatest":0');
        }
      });
    });
    return [
      { name: 'PutRecords, 1 KiB', value: RECORDS / put, unit: 'records per CPU second' },
      { name: 'GetRecords, 1 KiB', value: RECORDS / got, unit: 'records per CPU second' },
    ];
  } finally {
    agent.destroy();
    await server.close();
  }
}

function putBody(lane: number, payload: string): string {
  const Data = Buffer.from(payload.slice(0, 1024)).toString('base64');
  const Records = Array.from({ length: ENTRIES }, (_, index) => ({
    Data,
    PartitionKey: `key-${lane}-${index}`,
  }));
  return JSON.stringify({ StreamName: 'bench', Records });
}

/** CPU seconds of this process, garbage collection included: other work on the machine does not count. */
async function cpuSecondsOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function inParallel(lanes: number, work: (lane: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
}

function post(agent: Agent, port: number, operation: string, body: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Kinesis_20131202.${operation}`,
      'content-length': Buffer.byteLength(body),
    };
    request({ host: '127.0.0.1', port, method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks)));
      response.on('error', reject);
    })
      .on('error', reject)
      .end(body);
  });
}
