import {
  CreateStreamCommand,
  type KinesisClient,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { createKinesisClient } from '../../src/aws/clients';
import type { KinesisApi, RawRecord } from '../../src/aws/kinesis-api';
import { createKinesisApi } from '../../src/aws/kinesis-client';
import type { GetRecordsProtocol } from '../../src/config/types';
import { startEmulator } from '../../src/emulator';
import { openPollingReader } from '../../src/retrieval/polling-reader';
import type { PollingReaderOptions } from '../../src/retrieval/polling-reader-options';
import { compareSequenceNumbers } from '../../src/stream/extended-sequence-number';
import { requireWholeRange } from '../../src/stream/hash-coverage';
import { isOpen, shardGraph } from '../../src/stream/shard-graph';
import { systemClock } from '../../src/util/clock';
import { seededRandom } from '../../src/util/random';
import { EMULATORS, type RunningKinesis } from '../contract/kinesis/emulators';
import { awsSettings } from '../support/aws-settings';

const admitAll = async (): Promise<void> => undefined;
const forever = new AbortController().signal;

describe.each(Object.entries(EMULATORS))('reading from %s', (_name, start) => {
  let service: RunningKinesis;
  let api: KinesisApi & { close(): void };
  let client: KinesisClient;
  let streams = 0;

  beforeAll(async () => {
    service = await start();
    const settings = awsSettings(service.endpoint);
    api = createKinesisApi(settings, { clock: systemClock });
    client = createKinesisClient(settings, { clock: systemClock });
  });
  afterAll(async () => {
    client.destroy();
    api.close();
    await service.stop();
  });

  async function active(name: string): Promise<void> {
    while ((await api.describeStream({ name })).status !== 'ACTIVE') {}
  }

  async function createStream(shards: number): Promise<string> {
    const name = `stream-${++streams}`;
    await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
    await active(name);
    return name;
  }

  const open = (name: string, shardId: string, options: Partial<PollingReaderOptions> = {}) =>
    openPollingReader({
      kinesis: api,
      stream: { name },
      shardId,
      start: { type: 'TRIM_HORIZON' },
      maxRecordsPerRead: 100,
      maxReadsPerSecond: 1_000,
      backoff: { initialMs: 5, maxMs: 50 },
      numRetries: 3,
      requestTimeout: 5_000,
      clock: systemClock,
      random: seededRandom(1),
      ...options,
    });

  async function shardsOf(name: string) {
    const { shards } = await api.listShards({ name }, {});
    return shards;
  }

  /** Everything up to the end of the shard, or up to `count` records. */
  async function readAll(reader: ReturnType<typeof open>, count = Number.POSITIVE_INFINITY) {
    const records: RawRecord[] = [];
    while (records.length < count) {
      const batch = await reader.read(forever, admitAll);
      records.push(...batch.records);
      if (batch.end !== undefined) {
        return { records, children: batch.end.childShards };
      }
    }
    return { records, children: undefined };
  }

  it('gives every record of a shard once, in order, byte for byte', async () => {
    const name = await createStream(1);
    const payloads = Array.from({ length: 350 }, (_, i) => Buffer.from([i & 255, 0, 255, i >> 8]));
    for (let i = 0; i < payloads.length; i += 50) {
      const Records = payloads.slice(i, i + 50).map((Data) => ({ Data, PartitionKey: 'key' }));
      await client.send(new PutRecordsCommand({ StreamName: name, Records }));
    }
    const [shard] = await shardsOf(name);
    const { records } = await readAll(open(name, shard?.shardId ?? ''), payloads.length);
    expect(records.map(({ data }) => Buffer.from(data))).toEqual(payloads);
    const sequence = records.map(({ sequenceNumber }) => sequenceNumber);
    expect([...sequence].sort(compareSequenceNumbers)).toEqual(sequence);
    expect(new Set(sequence).size).toBe(payloads.length);
  });

  it('gives the same records in CBOR and in JSON', async () => {
    const name = await createStream(1);
    const Records = ['', 'k', '\u00e9\u{1f511}"\\'].map((key, i) => ({
      Data: Buffer.alloc(i * 500, i),
      PartitionKey: `key ${key}`,
    }));
    await client.send(new PutRecordsCommand({ StreamName: name, Records }));
    const [shard] = await shardsOf(name);
    const read = async (getRecordsProtocol: GetRecordsProtocol) => {
      const own = createKinesisApi(awsSettings(service.endpoint), { clock: systemClock, getRecordsProtocol });
      try {
        const iterator = await own.getShardIterator({ name }, shard?.shardId ?? '', { type: 'TRIM_HORIZON' });
        return (await own.getRecords({ name }, { iterator, limit: 10 })).records;
      } finally {
        own.close();
      }
    };
    const inJson = await read('json');
    expect(inJson.map(({ data, partitionKey }) => ({ Data: data, PartitionKey: partitionKey }))).toEqual(
      Records,
    );
    expect(await read('cbor')).toEqual(inJson);
    expect(await read('auto')).toEqual(inJson);
  });

  it('starts at and behind a sequence number, and at an instant', async () => {
    const name = await createStream(1);
    const put = async (text: string) =>
      client.send(new PutRecordCommand({ StreamName: name, PartitionKey: 'k', Data: Buffer.from(text) }));
    await put('a');
    const { SequenceNumber: second = '' } = await put('b');
    await put('c');
    const [shard] = await shardsOf(name);
    const read = async (start: PollingReaderOptions['start'], count: number) =>
      (await readAll(open(name, shard?.shardId ?? '', { start }), count)).records.map(({ data }) =>
        String.fromCharCode(...data),
      );
    expect(await read({ type: 'AT_SEQUENCE_NUMBER', sequenceNumber: second }, 2)).toEqual(['b', 'c']);
    expect(await read({ type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: second }, 1)).toEqual(['c']);
    expect(await read({ type: 'AT_TIMESTAMP', timestamp: 1_000 }, 3)).toEqual(['a', 'b', 'c']);
  });

  it('follows a split and a merge to the children, whose parents are closed and who cover every hash key', async () => {
    const name = await createStream(1);
    const put = (key: string) =>
      client.send(new PutRecordCommand({ StreamName: name, PartitionKey: key, Data: Buffer.from(key) }));
    const [root] = await shardsOf(name);
    await put('before');
    const half = (1n << 127n).toString();
    await client.send(
      new SplitShardCommand({ StreamName: name, ShardToSplit: root?.shardId, NewStartingHashKey: half }),
    );
    await active(name);
    const first = await readAll(open(name, root?.shardId ?? ''));
    expect(first.records).toHaveLength(1);
    expect(first.children?.map(({ parentShards }) => parentShards)).toEqual([
      [root?.shardId],
      [root?.shardId],
    ]);

    const [low, high] = (first.children ?? []).map(({ shardId }) => shardId);
    await client.send(
      new MergeShardsCommand({ StreamName: name, ShardToMerge: low, AdjacentShardToMerge: high }),
    );
    await active(name);
    const merged = await readAll(open(name, low ?? ''));
    expect(merged.children).toHaveLength(1);
    expect([...(merged.children?.[0]?.parentShards ?? [])].sort()).toEqual([low, high].sort());

    const graph = shardGraph(await shardsOf(name));
    expect(graph.roots.map(({ shardId }) => shardId)).toEqual([root?.shardId]);
    requireWholeRange(graph.parentsFirst.filter(isOpen));
  });

  it('names what is not there', async () => {
    const name = await createStream(1);
    await expect(api.describeStream({ name: 'nowhere' })).rejects.toMatchObject({
      code: 'KINESIS_STREAM_NOT_FOUND',
    });
    await expect(
      api.getShardIterator({ name }, 'shardId-000000000099', { type: 'TRIM_HORIZON' }),
    ).rejects.toMatchObject({ code: 'KINESIS_SHARD_NOT_FOUND' });
  });
});

describe('reading from our emulator, with faults', () => {
  it('loses nothing to throttling, errors, silence and cut connections', async () => {
    const emulator = await startEmulator({ random: seededRandom(11) });
    const api = createKinesisApi(awsSettings(emulator.kinesisEndpoint, { requestTimeout: 150 }), {
      clock: systemClock,
    });
    const client = createKinesisClient(awsSettings(emulator.kinesisEndpoint), { clock: systemClock });
    try {
      await client.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 1 }));
      while ((await api.describeStream({ name: 's' })).status !== 'ACTIVE') {}
      const Records = Array.from({ length: 400 }, (_, i) => ({
        Data: Buffer.from(String(i)),
        PartitionKey: 'k',
      }));
      await client.send(new PutRecordsCommand({ StreamName: 's', Records }));
      const error = { kind: 'error', type: 'ProvisionedThroughputExceededException' } as const;
      emulator.faults.add({ operation: 'GetRecords', fault: error, probability: 0.2 });
      emulator.faults.add({
        operation: 'GetRecords',
        fault: { ...error, type: 'InternalFailure', status: 500 },
        probability: 0.2,
      });
      emulator.faults.add({
        operation: 'GetRecords',
        fault: { ...error, type: 'ExpiredIteratorException' },
        probability: 0.1,
      });
      emulator.faults.add({ operation: '*', fault: { kind: 'disconnect', applied: true }, probability: 0.2 });
      emulator.faults.add({ operation: '*', fault: { kind: 'silence', applied: true }, probability: 0.05 });
      const heard: string[] = [];
      const reader = openPollingReader({
        kinesis: api,
        stream: { name: 's' },
        shardId: 'shardId-000000000000',
        start: { type: 'TRIM_HORIZON' },
        maxRecordsPerRead: 10,
        maxReadsPerSecond: 1_000,
        backoff: { initialMs: 2, maxMs: 10 },
        numRetries: 0,
        requestTimeout: 5_000,
        clock: systemClock,
        random: seededRandom(3),
        observer: { retried: (_shard, { code }) => heard.push(code) },
      });
      const read: string[] = [];
      while (read.length < Records.length) {
        const { records } = await reader.read(forever, admitAll);
        read.push(...records.map(({ data }) => Buffer.from(data).toString()));
      }
      expect(read).toEqual(Records.map((_, i) => String(i)));
      expect(new Set(heard)).toEqual(
        new Set(['AWS_THROTTLED', 'AWS_UNAVAILABLE', 'AWS_TIMEOUT', 'KINESIS_ITERATOR_EXPIRED']),
      );
    } finally {
      client.destroy();
      api.close();
      await emulator.close();
    }
  });
});
