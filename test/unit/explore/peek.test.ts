import { ConnectorError } from '../../../src/errors';
import { Peek, type PeekQuery } from '../../../src/explore/peek';
import type { PeekedRecord } from '../../../src/explore/peeked-record';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { frameOfKey } from '../../support/kpl-frame';
import { ManualClock } from '../../support/manual-clock';
import { type ModelKinesis, modelKinesis } from '../../support/model-kinesis';

const shardId = (number: number): string => `shardId-${String(number).padStart(12, '0')}`;
const throttle = (): Error => new ConnectorError('AWS_THROTTLED', 'slow down');

/** A stream on a virtual clock, and whatever happens to reads of it. */
class Lab {
  readonly clock = new ManualClock();
  readonly kinesis: ModelKinesis;
  readonly reads = new Map<string, number[]>();
  readonly stop = new AbortController();
  /** Errors that reads meet, the first ones first. */
  readonly errors: Error[] = [];
  /** Reads of a shard that find nothing, and are not at its end. */
  readonly barren = new Map<string, number>();
  #shardOf = new Map<string, string>();

  constructor(shards: number) {
    const model = modelKinesis(this.clock, { shardLimit: 2000 });
    this.kinesis = {
      ...model,
      getShardIterator: async (stream, shard, position) => {
        const iterator = await model.getShardIterator(stream, shard, position);
        this.#shardOf.set(iterator, shard);
        return iterator;
      },
      getRecords: async (stream, query, options) => {
        const shard = this.#shardOf.get(query.iterator) ?? '';
        this.reads.set(shard, [...(this.reads.get(shard) ?? []), this.clock.monotonic()]);
        const error = this.errors.shift();
        if (error !== undefined) {
          throw error;
        }
        const barren = this.barren.get(shard) ?? 0;
        if (barren > 0) {
          this.barren.set(shard, barren - 1);
          return { records: [], nextIterator: query.iterator, millisBehindLatest: 600_000, childShards: [] };
        }
        const answer = await model.getRecords(stream, query, options);
        this.#shardOf.set(answer.nextIterator ?? '', shard);
        return answer;
      },
    };
    model.model.call('CreateStream', { StreamName: 'orders', ShardCount: shards });
    this.clock.jumpWall(60_000);
  }

  /** One record a millisecond. */
  async put(count: number, data: (n: number) => Uint8Array = (n) => Buffer.from(`${n}`)): Promise<void> {
    for (let n = 0; n < count; n++) {
      await this.kinesis.putRecords({ name: 'orders' }, [{ data: data(n), partitionKey: `key-${n}` }]);
      this.clock.jumpWall(1);
    }
  }

  peek(query: Partial<PeekQuery> = {}): Peek {
    const { kinesis, clock } = this;
    const deps = { kinesis, clock, random: seededRandom(1), logger: silentLogger, requestTimeout: 5000 };
    const full = { stream: 'orders', from: { type: 'TRIM_HORIZON' }, limit: 1000, ...query } as const;
    return new Peek(full, { name: 'orders' }, deps, this.stop.signal);
  }

  /** Everything that a look shows. */
  async all(look: Peek, limitMs = 60_000): Promise<PeekedRecord[]> {
    const records: PeekedRecord[] = [];
    const collect = async (): Promise<void> => {
      for await (const record of look) {
        records.push(record);
      }
    };
    await this.clock.run(collect(), limitMs);
    return records;
  }
}

const texts = (records: readonly PeekedRecord[]): string[] =>
  records.map(({ data }) => Buffer.from(data).toString());
const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}`);

describe('a look into a stream', () => {
  it('shows all records of all shards by arrival, and ends when that is all', async () => {
    const lab = new Lab(4);
    await lab.put(100);
    const look = lab.peek();
    expect(texts(await lab.all(look))).toEqual(numbers(100));
    expect(look.ending).toBe('END');
    expect(lab.clock.pending).toBe(0);
  });

  it('reads each shard once a second at most, however much there is', async () => {
    const lab = new Lab(2);
    await lab.put(600);
    await lab.all(lab.peek());
    for (const starts of lab.reads.values()) {
      expect(starts.length).toBeGreaterThan(1);
      expect(starts.every((at, n) => n === 0 || at - (starts[n - 1] ?? 0) >= 1000)).toBe(true);
    }
  });

  it('goes on through splits and merges, in the shards that were closed and in their children', async () => {
    const lab = new Lab(2);
    await lab.put(40);
    lab.kinesis.model.call('SplitShard', {
      StreamName: 'orders',
      ShardToSplit: shardId(0),
      NewStartingHashKey: '1000000000000000000000000000000000000',
    });
    await lab.clock.advance(5000);
    await lab.put(40, (n) => Buffer.from(`${40 + n}`));
    lab.kinesis.model.call('MergeShards', {
      StreamName: 'orders',
      ShardToMerge: shardId(3),
      AdjacentShardToMerge: shardId(1),
    });
    await lab.clock.advance(5000);
    await lab.put(40, (n) => Buffer.from(`${80 + n}`));
    const records = await lab.all(lab.peek());
    expect(texts(records)).toEqual(numbers(120));
    expect(new Set(records.map((record) => record.shardId))).toContain(shardId(4));
  });

  it('shows a merged shard behind both its parents, however late one of them is born', async () => {
    const lab = new Lab(2);
    lab.kinesis.model.call('SplitShard', {
      StreamName: 'orders',
      ShardToSplit: shardId(0),
      NewStartingHashKey: '1000000000000000000000000000000000000',
    });
    await lab.clock.advance(5000);
    await lab.put(20);
    lab.kinesis.model.call('MergeShards', {
      StreamName: 'orders',
      ShardToMerge: shardId(3),
      AdjacentShardToMerge: shardId(1),
    });
    await lab.clock.advance(5000);
    await lab.put(20, (n) => Buffer.from(`${20 + n}`));
    lab.barren.set(shardId(0), 8);
    const order = (await lab.all(lab.peek())).map((record) => record.shardId);
    expect(order).toContain(shardId(4));
    expect(order.indexOf(shardId(4))).toBeGreaterThan(order.lastIndexOf(shardId(3)));
    expect(order).toHaveLength(40);
  });

  it('begins at an instant, and shows nothing that came earlier', async () => {
    const lab = new Lab(3);
    await lab.put(50);
    const timestamp = lab.clock.now();
    await lab.put(50, (n) => Buffer.from(`${50 + n}`));
    lab.clock.jumpWall(10_000);
    expect(texts(await lab.all(lab.peek({ from: { type: 'AT_TIMESTAMP', timestamp } })))).toEqual(
      numbers(100).slice(50),
    );
  });

  it('shows the records in an aggregated one, and begins in the middle of it when told to', async () => {
    const lab = new Lab(1);
    await lab.put(1, () => frameOfKey('user', ['a', 'b', 'c']));
    const records = await lab.all(lab.peek());
    expect(records).toMatchObject([
      { aggregated: true, partitionKey: 'user', subSequenceNumber: 0 },
      { subSequenceNumber: 1 },
      { subSequenceNumber: 2 },
    ]);
    const sequenceNumber = records[0]?.sequenceNumber ?? '';
    const from = { type: 'AT_RECORD', place: { sequenceNumber, subSequenceNumber: 1 } } as const;
    expect(texts(await lab.all(lab.peek({ shardId: '0', from })))).toEqual(['b', 'c']);
  });

  it('ends with its limit, also within an aggregated record', async () => {
    const lab = new Lab(1);
    await lab.put(3, () => frameOfKey('user', ['a', 'b', 'c']));
    const look = lab.peek({ limit: 4 });
    expect(texts(await lab.all(look))).toEqual(['a', 'b', 'c', 'a']);
    expect(look.ending).toBe('LIMIT');
  });

  it('goes on in the middle of an aggregated record that is too large to be held at once', async () => {
    const lab = new Lab(1);
    const users = numbers(12_000);
    await lab.put(1, () => frameOfKey('user', users));
    const look = lab.peek({ limit: Number.POSITIVE_INFINITY });
    expect(texts(await lab.all(look))).toEqual(users);
  });

  it('ends with its bytes, and shows one record in any case', async () => {
    const lab = new Lab(2);
    await lab.put(20, () => Buffer.alloc(1000));
    const look = lab.peek({ maxBytes: 4500 });
    expect(await lab.all(look)).toHaveLength(4);
    expect(look.ending).toBe('BYTES');
    expect(await lab.all(lab.peek({ maxBytes: 10 }))).toHaveLength(1);
  });

  it('holds no more than its bytes and loses nothing by that, following a stream', async () => {
    const lab = new Lab(8);
    await lab.put(200);
    const look = lab.peek({ follow: true, maxBytes: 20, timeout: 600_000 });
    expect(texts(await lab.all(look, 700_000)).sort()).toEqual(numbers(200).sort());
    expect(look.ending).toBe('TIME');
  });

  it('from now on shows what comes, in shards that are made meanwhile too', async () => {
    const lab = new Lab(1);
    await lab.put(10);
    lab.clock.jumpWall(5000);
    const look = lab.peek({ from: { type: 'LATEST' }, follow: true, timeout: 60_000 });
    const seen = lab.all(look, 120_000);
    await lab.clock.advance(3000);
    await lab.put(5, (n) => Buffer.from(`new ${n}`));
    lab.kinesis.model.call('SplitShard', {
      StreamName: 'orders',
      ShardToSplit: shardId(0),
      NewStartingHashKey: '170141183460469231731687303715884105728',
    });
    await lab.clock.advance(5000);
    await lab.put(5, (n) => Buffer.from(`new ${5 + n}`));
    expect(texts(await seen)).toEqual(numbers(10).map((n) => `new ${n}`));
  });

  it('ends when it is stopped, with what it has', async () => {
    const lab = new Lab(2);
    await lab.put(10);
    const look = lab.peek({ follow: true });
    const seen = lab.all(look);
    await lab.clock.advance(100);
    lab.stop.abort(new Error('Ctrl-C'));
    expect((await seen).length).toBeGreaterThan(0);
    expect(look.ending).toBe('STOPPED');
    expect(lab.clock.pending).toBe(0);
  });

  it('waits where it is throttled, says so, and shows everything in the end', async () => {
    const lab = new Lab(1);
    await lab.put(10);
    lab.errors.push(throttle(), throttle(), throttle());
    const throttled: string[] = [];
    const look = lab.peek({ observer: { throttled: (id) => throttled.push(id) } });
    expect(texts(await lab.all(look))).toEqual(numbers(10));
    expect(throttled).toEqual([shardId(0), shardId(0), shardId(0)]);
  });

  it('gives a service that does not answer a few tries, and shows what it has before it says so', async () => {
    const lab = new Lab(1);
    await lab.put(10);
    const look = lab.peek({ follow: true });
    const shown: string[] = [];
    const seen = (async () => {
      for await (const { data } of look) {
        shown.push(Buffer.from(data).toString());
      }
    })();
    const failed = expect(seen).rejects.toThrow('gone');
    await lab.clock.advance(500);
    lab.errors.push(...Array.from({ length: 10 }, () => new ConnectorError('AWS_UNAVAILABLE', 'gone')));
    await lab.clock.run(failed);
    expect(shown).toEqual(numbers(4));
    expect(look.ending).toBeUndefined();
  });

  it('shows the records of the others while a shard needs many reads to say that it has none', async () => {
    const lab = new Lab(2);
    await lab.put(3);
    lab.barren.set(shardId(0), 100);
    lab.barren.set(shardId(1), 0);
    const look = lab.peek({ timeout: 20_000 });
    const shown: number[] = [];
    const seen = (async () => {
      for await (const _ of look) {
        shown.push(lab.clock.monotonic());
      }
    })();
    await lab.clock.run(seen);
    expect(shown.length).toBeGreaterThan(0);
    expect(Math.max(...shown)).toBeLessThan(5000);
    expect(look.ending).toBe('TIME');
    expect(lab.reads.get(shardId(0))).toHaveLength(20);
  });

  it('takes a new iterator for one that has expired', async () => {
    const lab = new Lab(1);
    await lab.put(3);
    const look = lab.peek({ follow: true, readsPerSecond: 1 / 600, timeout: 2_000_000 });
    const seen = lab.all(look, 3_000_000);
    await lab.clock.advance(1000);
    await lab.put(3, (n) => Buffer.from(`${3 + n}`));
    expect(texts(await seen)).toEqual(numbers(6));
  });

  it('looks into a thousand shards, each in its turn', async () => {
    const lab = new Lab(1000);
    await lab.put(300);
    const look = lab.peek({ limit: 50 });
    expect(texts(await lab.all(look))).toEqual(numbers(50));
    expect(lab.reads.size).toBe(1000);
  });

  it.each([
    ['EXPLORE_SHARD_UNKNOWN', { shardId: '9' }],
    [
      'EXPLORE_POSITION_INVALID',
      { from: { type: 'AT_RECORD', place: { sequenceNumber: '1', subSequenceNumber: 0 } } },
    ],
    [
      'EXPLORE_POSITION_INVALID',
      { shardId: '0', from: { type: 'AT_RECORD', place: { sequenceNumber: '1', subSequenceNumber: 0 } } },
    ],
    ['EXPLORE_POSITION_INVALID', { from: { type: 'PLACES', places: new Map() } }],
  ] as const)('is refused with %s when it can have no beginning: %j', async (code, query) => {
    const lab = new Lab(1);
    await expect(lab.all(lab.peek(query))).rejects.toMatchObject({ code });
    expect(lab.clock.pending).toBe(0);
  });

  it('refuses a record of another shard, as Kinesis does', async () => {
    const lab = new Lab(2);
    await lab.put(10);
    const [first] = await lab.all(lab.peek());
    const other = first?.shardId === shardId(0) ? '1' : '0';
    const place = { sequenceNumber: first?.sequenceNumber ?? '', subSequenceNumber: 0 };
    const look = lab.peek({ shardId: other, from: { type: 'AT_RECORD', place } });
    await expect(lab.all(look)).rejects.toMatchObject({ code: 'EXPLORE_POSITION_INVALID' });
  });
});
