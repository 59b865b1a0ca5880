import type { Record, SourceContext } from '../../../src/io';
import { MetricRegistry } from '../../../src/metrics/registry';
import type { KinesisRecord } from '../../../src/source/kinesis-record';
import { KinesisSource } from '../../../src/source/kinesis-source';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { frameOf, frameOfKey, subRecord, wire } from '../../support/kpl-frame';
import { LeaseLab, STREAM, TABLE } from '../../support/lease-lab';

/** A source over the model of Kinesis, on virtual time, of which the test takes and confirms records itself. */
class AggregateLab {
  readonly lab: LeaseLab;
  readonly fatal: Error[] = [];
  readonly registry = new MetricRegistry();
  readonly published = this.registry.reader();
  #source: KinesisSource | undefined;
  #starts = 0;

  constructor(shards = 1) {
    this.lab = new LeaseLab(shards);
  }

  async open(configs: object = {}): Promise<void> {
    const { lab } = this;
    const { clock } = lab;
    const source = new KinesisSource({
      kinesis: () => ({ ...lab.kinesis, close: () => undefined }),
      dynamo: () => ({ ...lab.dynamo, close: () => undefined }),
    });
    this.#source = source;
    const context: SourceContext = {
      tenant: 'public',
      namespace: 'default',
      name: 'worker',
      instanceId: 0,
      numInstances: 1,
      logger: silentLogger,
      metrics: this.registry,
      clock,
      random: seededRandom(++this.#starts),
      getSecret: () => undefined,
      shutdownTimeoutMs: 10_000,
      outputTopic: 'topic',
      processingGuarantees: 'ATLEAST_ONCE',
      storesAnySize: true,
      fatal: (error) => this.fatal.push(error),
      stalled: () => undefined,
      closePartition: () => Promise.resolve(true),
      deadLetter: () => undefined,
    };
    await clock.run(
      source.open(
        {
          awsKinesisStreamName: STREAM,
          awsRegion: 'us-east-1',
          applicationName: TABLE,
          initialPositionInStream: 'TRIM_HORIZON',
          useEnhancedFanOut: false,
          cloudwatchMetricsLevel: 'NONE',
          ...configs,
        },
        context,
      ),
    );
  }

  get source(): KinesisSource {
    if (this.#source === undefined) {
      throw new Error('the source is not open');
    }
    return this.#source;
  }

  close(): Promise<void> {
    return this.lab.clock.run(this.source.close());
  }

  /** A worker that comes to no end: its lease runs out. */
  async crash(): Promise<void> {
    this.lab.dynamo.model.invoke('UpdateItem', {
      TableName: TABLE,
      Key: { leaseKey: { S: this.shardId } },
      UpdateExpression: 'SET leaseCounter = leaseCounter + :many',
      ExpressionAttributeValues: { ':many': { N: '100' } },
    });
    await this.lab.clock.advance(60_000);
  }

  get shardId(): string {
    return this.lab.shardIds()[0] ?? '';
  }

  /** @returns its sequence number */
  put(data: Uint8Array | string, explicitHashKey?: string): string {
    return this.lab.kinesis.model.call('PutRecord', {
      StreamName: STREAM,
      PartitionKey: 'carrier',
      Data: Buffer.from(data as string).toString('base64'),
      ...(explicitHashKey !== undefined && { ExplicitHashKey: explicitHashKey }),
    }).SequenceNumber;
  }

  /** The next `count` records, which may take several reads. */
  async take(count: number): Promise<KinesisRecord[]> {
    const taken: Record<Uint8Array>[] = [];
    while (taken.length < count) {
      taken.push(...(await this.lab.clock.run(this.source.readBatch(count - taken.length))));
    }
    return taken as KinesisRecord[];
  }

  /** What is there, up to 100 records; at least one. */
  async takeSome(): Promise<KinesisRecord[]> {
    return (await this.lab.clock.run(this.source.readBatch(100))) as KinesisRecord[];
  }

  /** Whether nothing more comes within a minute. */
  async isQuiet(): Promise<boolean> {
    const more = this.source.readBatch(1);
    more.catch(() => undefined);
    let came = false;
    more.then(
      () => {
        came = true;
      },
      () => undefined,
    );
    await this.lab.clock.advance(60_000);
    return !came;
  }

  /** Sequence and sub-sequence number in the row. */
  get checkpoint(): (string | number)[] {
    const row = this.lab.row(this.shardId);
    return [String(row?.checkpoint), Number(row?.checkpointSubSequenceNumber)];
  }

  /** Sum of a counter since the last look. */
  counted(): Map<string, number> {
    return new Map(this.published.read().map(({ name, sum }) => [name, sum]));
  }
}

const text = (records: readonly KinesisRecord[]): string[] =>
  records.map(({ value }) => Buffer.from(value).toString());

const ack = (records: readonly KinesisRecord[]): void => {
  for (const record of records) {
    record.ack();
  }
};

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `payload ${i}`);

describe('aggregated records', () => {
  it('arrive one by one, in order, between records that are none', async () => {
    const lab = new AggregateLab();
    lab.put('a');
    lab.put(frameOfKey('k', ['b', 'c', 'd']));
    lab.put('e');
    await lab.open();
    const records = await lab.take(5);
    expect(text(records)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(records.map(({ key }) => key)).toEqual(['carrier', 'k', 'k', 'k', 'carrier']);
    expect(records.map(({ subSequenceNumber }) => subSequenceNumber)).toEqual([0, 0, 1, 2, 0]);
    await lab.close();
  });

  it('a checkpoint lies inside a frame of which a part is confirmed, and the rest comes after a restart', async () => {
    const lab = new AggregateLab();
    lab.put('a');
    const frame = lab.put(frameOfKey('k', ['b', 'c', 'd', 'e']));
    await lab.open();
    ack((await lab.take(5)).slice(0, 3));
    await lab.close();
    expect(lab.checkpoint).toEqual([frame, 1]);
    await lab.open();
    lab.put('f');
    const rest = await lab.take(3);
    expect(text(rest)).toEqual(['d', 'e', 'f']);
    expect(rest[0]).toMatchObject({ sequenceNumber: frame, subSequenceNumber: 2 });
    ack(rest);
    await lab.close();
    expect(lab.checkpoint[1]).toBe(0);
  });

  it('a frame confirmed to its end does not come again', async () => {
    const lab = new AggregateLab();
    const frame = lab.put(frameOfKey('k', ['a', 'b']));
    await lab.open();
    ack(await lab.take(2));
    await lab.close();
    expect(lab.checkpoint).toEqual([frame, 1]);
    await lab.open();
    lab.put('c');
    expect(text(await lab.take(1))).toEqual(['c']);
    await lab.close();
  });

  it('a row of the KCL that names a frame without a part of it goes on behind its first sub-record', async () => {
    const lab = new AggregateLab();
    const frame = lab.put(frameOfKey('k', ['a', 'b', 'c']));
    await lab.open();
    await lab.close();
    lab.lab.dynamo.model.invoke('UpdateItem', {
      TableName: TABLE,
      Key: { leaseKey: { S: lab.shardId } },
      UpdateExpression: 'SET checkpoint = :at, checkpointSubSequenceNumber = :sub',
      ExpressionAttributeValues: { ':at': { S: frame }, ':sub': { N: '0' } },
    });
    await lab.open();
    expect(text(await lab.take(2))).toEqual(['b', 'c']);
    await lab.close();
  });

  it('confirmed out of order never move the checkpoint beyond a gap', async () => {
    const lab = new AggregateLab();
    const frame = lab.put(frameOfKey('k', ['a', 'b', 'c', 'd']));
    await lab.open();
    const [first, second, , fourth] = await lab.take(4);
    ack([fourth, second, first].flatMap((record) => record ?? []));
    await lab.close();
    expect(lab.checkpoint).toEqual([frame, 1]);
  });

  it('a lease that is lost in the middle of a frame: whoever takes it goes on from the checkpoint', async () => {
    const lab = new AggregateLab();
    const frame = lab.put(frameOfKey('k', many(1500)));
    await lab.open({ checkpointInterval: 1000 });
    ack(await lab.take(700));
    await lab.lab.clock.advance(10_000);
    expect(lab.checkpoint).toEqual([frame, 699]);
    const held = await lab.take(10);
    await lab.crash();
    ack(held);
    // The same source takes it again, for the one who took it away is gone.
    expect(text(await lab.take(800))).toEqual(many(1500).slice(700));
    expect(lab.fatal).toEqual([]);
    await lab.close();
  });

  it('damaged ones arrive as they are, and are counted', async () => {
    const lab = new AggregateLab();
    const damaged = frameOfKey('k', ['a', 'b']);
    damaged[8] = (damaged[8] ?? 0) ^ 1;
    lab.put(damaged);
    lab.put(frameOfKey('k', ['c']));
    await lab.open();
    const records = await lab.take(2);
    expect(Buffer.from(records[0]?.value ?? []).equals(damaged)).toBe(true);
    expect(text(records)[1]).toBe('c');
    expect(lab.counted().get('damaged_aggregates')).toBe(1);
    ack(records);
    await lab.close();
  });

  it('one without sub-records is passed: it neither arrives nor holds anything up', async () => {
    const lab = new AggregateLab();
    const empty = lab.put(frameOf(wire.bytes(1, 'k')));
    await lab.open();
    expect(await lab.isQuiet()).toBe(true);
    await lab.close();
    expect(lab.checkpoint).toEqual([empty, 0]);
    expect(lab.fatal).toEqual([]);
  });
});

describe('sub-records outside the hash keys of their shard', () => {
  const LAST = String((1n << 128n) - 1n);

  /** A stream whose one shard was split, and a frame in its lower child of which the second sub-record is misplaced. */
  async function split(configs: object): Promise<{ lab: AggregateLab; lower: string }> {
    const lab = new AggregateLab();
    const { clock } = lab.lab;
    lab.lab.split(lab.shardId);
    const [, lower = ''] = lab.lab.shardIds();
    await lab.open({ shardIds: [lab.shardId, lower], ...configs });
    // The parent is empty: it ends, and its children begin.
    await clock.advance(60_000);
    return { lab, lower };
  }
  const frame = (...keys: readonly string[]): Buffer =>
    frameOf(
      wire.bytes(1, 'k'),
      ...keys.map((key) => wire.bytes(2, key)),
      ...keys.map((_key, i) => subRecord(0, String(i), i)),
    );

  it('are delivered and counted, unless told otherwise', async () => {
    const { lab } = await split({});
    lab.put(frame('1', LAST, '2'), '0');
    expect(text(await lab.take(3))).toEqual(['0', '1', '2']);
    expect(lab.counted().get('misplaced_sub_records_kept')).toBe(1);
    await lab.close();
  });

  it('are dropped one by one with subRecordFilter: drop, and counted', async () => {
    const { lab } = await split({ subRecordFilter: 'drop' });
    lab.put(frame('1', LAST, '2'), '0');
    const records = await lab.take(2);
    expect(text(records)).toEqual(['0', '2']);
    expect(records.map(({ subSequenceNumber }) => subSequenceNumber)).toEqual([0, 2]);
    expect(lab.counted().get('misplaced_sub_records_dropped')).toBe(1);
    await lab.close();
  });

  it('do not hold the checkpoint back when all of a frame are dropped', async () => {
    const { lab, lower } = await split({ subRecordFilter: 'drop' });
    lab.put('x', '0');
    const last = lab.put(frame(LAST, LAST), '0');
    const [first] = await lab.take(1);
    await lab.lab.clock.advance(5000);
    expect(lab.lab.row(lower)?.checkpoint).toBe('TRIM_HORIZON');
    first?.ack();
    await lab.close();
    expect(lab.lab.row(lower)).toMatchObject({ checkpoint: last, checkpointSubSequenceNumber: 1 });
  });
});

describe('frames of more sub-records than there is room for', () => {
  /** The largest of `queue_bytes` and `queue_records` seen while a source hands out `total` records that are confirmed late. */
  async function peaks(lab: AggregateLab, total: number, inFlight: number) {
    let bytes = 0;
    let records = 0;
    let order = 0;
    const sent: KinesisRecord[] = [];
    while (order < total) {
      const some = await lab.takeSome();
      for (const value of text(some)) {
        expect(value).toBe(`payload ${order++}`);
      }
      sent.push(...some);
      ack(sent.splice(0, Math.max(0, sent.length - inFlight)));
      await lab.lab.clock.advance(1000);
      const seen = lab.counted();
      bytes = Math.max(bytes, seen.get('queue_bytes') ?? 0);
      records = Math.max(records, seen.get('queue_records') ?? 0);
    }
    ack(sent);
    return { bytes, records };
  }

  it('are unpacked a part at a time: neither records nor bytes go beyond the bounds by more than a part', async () => {
    const lab = new AggregateLab();
    lab.put(frameOfKey('k', many(6000)));
    await lab.open({ receiveQueueSize: 1000, receiveQueueBytes: 1024 * 1024 });
    const { bytes, records } = await peaks(lab, 6000, 300);
    expect(records).toBeLessThanOrEqual(1000 + 512);
    // 6,000 at once would be 3 MB.
    expect(bytes).toBeGreaterThan(400_000);
    expect(bytes).toBeLessThanOrEqual(1024 * 1024 + 512 * 512);
    await lab.lab.clock.advance(10_000);
    expect(lab.counted().get('queue_bytes')).toBe(0);
    await lab.close();
    expect(lab.checkpoint[1]).toBe(5999);
  });

  it('get through also where the frame alone is larger than all the room', async () => {
    const lab = new AggregateLab();
    const frame = frameOfKey('k', many(6000));
    lab.put(frame);
    await lab.open({ receiveQueueSize: 1_000_000, receiveQueueBytes: 100_000 });
    const { bytes } = await peaks(lab, 6000, 0);
    expect(frame.length).toBeGreaterThan(100_000);
    expect(bytes).toBeLessThanOrEqual(frame.length + 512 * 512);
    await lab.close();
    expect(lab.checkpoint[1]).toBe(5999);
  });

  it('keep the bound of bytes when many shards begin one at the same time', async () => {
    const shards = 40;
    const limit = 512 * 1024;
    const lab = new AggregateLab(shards);
    const frame = frameOfKey('k', many(300));
    for (let shard = 0; shard < shards; shard++) {
      lab.put(frame, String(((1n << 128n) / BigInt(shards)) * BigInt(shard) + 1n));
    }
    await lab.open({ receiveQueueBytes: limit });
    await lab.lab.clock.advance(5000);
    lab.counted();
    await lab.lab.clock.advance(1000);
    // 300 at once of each would be 6 MB.
    expect(lab.counted().get('queue_bytes')).toBeLessThanOrEqual(limit + 50 * 512);
    const came = new Map<string, string[]>();
    for (let left = shards * 300; left > 0; ) {
      const some = await lab.takeSome();
      for (const { partitionId, value } of some) {
        came.set(partitionId, [...(came.get(partitionId) ?? []), Buffer.from(value).toString()]);
      }
      ack(some);
      left -= some.length;
    }
    expect([...came.values()]).toEqual(new Array(shards).fill(many(300)));
    expect(lab.fatal).toEqual([]);
    await lab.close();
  });

  it('a stop in their middle does not wait for what was not unpacked', async () => {
    const lab = new AggregateLab();
    const frame = lab.put(frameOfKey('k', many(20_000)));
    await lab.open();
    ack(await lab.take(10));
    await lab.close();
    expect(lab.checkpoint).toEqual([frame, 9]);
    await lab.open();
    expect(text(await lab.take(2000))).toEqual(many(2010).slice(10));
    await lab.close();
  });
});
