import { SHARD_WRITE_LIMITS } from '../../../src/emulator/kinesis/write-limits';
import { ConnectorError } from '../../../src/errors';
import { seededRandom } from '../../../src/util/random';
import { evenShards, PutLab, textOf } from '../../support/put-lab';
import { type RequestScript, unavailable } from '../../support/scripted-put-api';

const keys = (count: number, of = count): string[] =>
  Array.from({ length: count }, (_, index) => `key-${index % of}`);

const sizes = (lab: PutLab): number[] => lab.api.requests.map(({ entries }) => entries.length);
const textsSent = (lab: PutLab): string[][] => lab.api.requests.map(({ entries }) => entries.map(textOf));

describe('a request goes', () => {
  test('as soon as it is full of entries', async () => {
    const lab = new PutLab({ config: { collectionMaxCount: 10 } });
    await lab.writeAll(keys(25));
    expect(sizes(lab)).toEqual([10, 10]);
  });

  test('as soon as it is full of bytes, and none is larger', async () => {
    const lab = new PutLab({ config: { collectionMaxSize: 1000 } });
    for (let record = 0; record < 4; record++) {
      await lab.write('k', { bytes: 399 });
    }
    expect(sizes(lab)).toEqual([2]);
    lab.loop.flush();
    expect(sizes(lab)).toEqual([2, 2]);
  });

  test('with a single record when that alone is larger than collectionMaxSize', async () => {
    const lab = new PutLab({ config: { collectionMaxSize: 1000, rateLimit: 10_000 } });
    await lab.write('k', { bytes: 300 });
    await lab.write('k', { bytes: 5000 });
    await lab.write('k', { bytes: 300 });
    lab.loop.flush();
    await lab.clock.advance(20);
    expect(textsSent(lab).map((texts) => texts.map((text) => Number(text[0])))).toEqual([[0], [1], [2]]);
    expect(lab.acked).toBe(3);
  });

  test('when the oldest record in it has waited lingerMs', async () => {
    const lab = new PutLab({ config: { lingerMs: 100 } });
    await lab.write('a');
    await lab.clock.advance(60);
    await lab.write('b');
    await lab.clock.advance(39);
    expect(sizes(lab)).toEqual([]);
    await lab.clock.advance(1);
    expect(sizes(lab)).toEqual([2]);
  });

  test('on flush', async () => {
    const lab = new PutLab({ config: { lingerMs: 10_000 } });
    await lab.writeAll(keys(3));
    lab.loop.flush();
    expect(sizes(lab)).toEqual([3]);
    await lab.write('later');
    expect(sizes(lab)).toEqual([3]);
  });

  test('when the sink can hold no more', async () => {
    const lab = new PutLab({ config: { lingerMs: 10_000, maxPendingRecords: 3 } });
    void lab.writeAll(keys(4));
    await lab.clock.advance(0);
    expect(sizes(lab)).toEqual([3]);
  });

  test('beside the others, up to maxConnections', async () => {
    const lab = new PutLab({ config: { collectionMaxCount: 1, maxConnections: 3 } });
    await lab.writeAll(keys(5));
    expect(lab.api.inFlight).toBe(3);
    await lab.clock.advance(5);
    expect(lab.api.inFlight).toBe(2);
  });
});

describe('write waits', () => {
  test.each([
    ['records', { maxPendingRecords: 4 }],
    ['bytes', { maxPendingBytes: 4 * 101 }],
  ])('while the sink holds as many %s as it may, and no longer', async (_what, config) => {
    const lab = new PutLab({ config: { ...config, lingerMs: 0 } });
    for (let record = 0; record < 3; record++) {
      await lab.write('k', { bytes: 100 });
    }
    let resolved = false;
    const last = lab.write('k', { bytes: 100 }).then(() => {
      resolved = true;
    });
    await lab.clock.advance(4);
    expect(resolved).toBe(false);
    await lab.clock.run(last);
    expect(lab.acked).toBeGreaterThan(0);
  });
});

describe('refused entries', () => {
  test('are sent again alone', async () => {
    const lab = new PutLab();
    let refuse = true;
    lab.api.onEntry = ({ partitionKey }) =>
      refuse && partitionKey === 'key-3' ? 'InternalFailure' : undefined;
    await lab.writeAll(keys(10));
    lab.loop.flush();
    await lab.clock.advance(5);
    expect(lab.acked).toBe(9);
    refuse = false;
    await lab.clock.advance(1000);
    expect(lab.acked).toBe(10);
    expect(sizes(lab)).toEqual([10, 1]);
    expect(lab.api.stored).toHaveLength(10);
  });

  test('go before records that were never sent', async () => {
    const lab = new PutLab({ config: { collectionMaxCount: 2 } });
    let refuse = true;
    lab.api.onEntry = () => (refuse ? 'ProvisionedThroughputExceededException' : undefined);
    await lab.writeAll(keys(2));
    await lab.clock.advance(4);
    await lab.writeAll(['x']);
    await lab.clock.advance(1);
    refuse = false;
    lab.loop.flush();
    await lab.clock.advance(1000);
    expect(textsSent(lab)).toEqual([['0', '1'], ['0', '1'], ['2']]);
  });

  test('of an unknown kind end the sink: nothing is guessed about a write', async () => {
    const lab = new PutLab({ config: { lingerMs: 0 } });
    lab.api.onEntry = ({ partitionKey }) => (partitionKey === 'key-1' ? 'SomethingNewException' : undefined);
    await lab.writeAll(keys(1));
    await lab.clock.advance(5);
    await lab.write('key-1');
    await lab.clock.advance(5);
    expect(lab.fatal).toEqual([expect.objectContaining({ code: 'AWS_UNKNOWN' })]);
    expect(lab.open).toHaveLength(1);
    await expect(lab.write('key-2')).rejects.toBe(lab.fatal[0]);
    expect(await lab.clock.run(lab.loop.drain(1000))).toBe(0);
  });

  test('for the key of the stream name what to grant', async () => {
    const lab = new PutLab({ config: { lingerMs: 0 } });
    lab.api.onEntry = () => 'KMSAccessDeniedException';
    await lab.write('a');
    await lab.clock.advance(5);
    expect(lab.fatal).toEqual([
      expect.objectContaining({ code: 'KINESIS_KMS', hint: expect.stringContaining('kms:GenerateDataKey') }),
    ]);
  });
});

describe('with retainOrdering', () => {
  test('a refused record holds up its own key only', async () => {
    const lab = new PutLab({ config: { retainOrdering: true, lingerMs: 0 } });
    let refuse = true;
    lab.api.onEntry = ({ partitionKey }) => (refuse && partitionKey === 'a' ? 'InternalFailure' : undefined);
    await lab.writeAll(['a', 'b', 'a', 'b', 'a', 'b']);
    await lab.clock.advance(300);
    expect(lab.api.firstArrivals().get('b')).toEqual(['1', '3', '5']);
    expect(lab.api.firstArrivals().has('a')).toBe(false);
    refuse = false;
    await lab.clock.advance(2000);
    expect(lab.api.firstArrivals().get('a')).toEqual(['0', '2', '4']);
  });

  test('a key goes on at once when its answer is there, without lingering', async () => {
    const lab = new PutLab({ config: { retainOrdering: true, lingerMs: 50 } });
    await lab.writeAll(keys(10, 1));
    await lab.clock.advance(50 + 10 * 5);
    expect(lab.acked).toBe(10);
  });

  test('many keys share requests, and the busiest one waits for none of the others', async () => {
    const lab = new PutLab({
      shards: 4,
      config: { retainOrdering: true, rateLimit: 1_000_000, maxPendingRecords: 1000 },
    });
    const random = seededRandom(1);
    lab.api.onRequest = () => {
      // Answers that come at different times are what scatters the keys over requests.
      lab.api.latencyMs = 7 + random.next() * 6;
      return 'answer';
    };
    let over = false;
    const writing = (async () => {
      for (let index = 0; !over; index++) {
        await lab.write(index % 20 === 0 ? 'busy' : `key-${index % 997}`);
      }
    })();
    await lab.clock.advance(1000);
    const before = { stored: lab.api.stored.length, requests: lab.api.requests.length };
    await lab.clock.advance(2000);
    over = true;
    const stored = lab.api.stored.length - before.stored;
    const requests = lab.api.requests.length - before.requests;
    await lab.clock.run(Promise.allSettled([lab.loop.drain(0), writing]));
    expect(stored / requests).toBeGreaterThan(8);
    // One of it every 10 ms, with 19 others.
    expect(stored / 2).toBeGreaterThan(1950);
  });

  test('records with random keys wait for nobody', async () => {
    const lab = new PutLab({ config: { retainOrdering: true, lingerMs: 0, collectionMaxCount: 1 } });
    await lab.writeAll([undefined, undefined, undefined]);
    expect(lab.api.inFlight).toBe(3);
  });

  test('a late effect of a lost request makes a copy, not another order', async () => {
    const lab = new PutLab({ config: { retainOrdering: true, lingerMs: 0 } });
    const script: RequestScript[] = ['late'];
    lab.api.onRequest = () => script.shift() ?? 'answer';
    await lab.writeAll(['a', 'a']);
    await lab.clock.advance(3000);
    expect(lab.api.firstArrivals().get('a')).toEqual(['0', '1']);
    expect(lab.api.stored).toHaveLength(3);
    expect(lab.metric('sink_ambiguous_retries')).toBe(1);
  });
});

describe('requests that fail', () => {
  test('an outage of 90 s loses nothing, is probed by few requests, and is over soon after', async () => {
    const lab = new PutLab({ config: { retryMaxDelay: 5000, retainOrdering: true }, shards: 4 });
    lab.api.onRequest = () => (lab.clock.monotonic() < 90_000 ? unavailable() : 'answer');
    await lab.writeAll(keys(2000, 100));
    await lab.clock.advance(90_000);
    expect(lab.acked).toBe(0);
    expect(lab.api.requests.length).toBeLessThan(100);
    expect(lab.api.requests.slice(-10).every(({ at }, index, all) => at > (all[index - 1]?.at ?? 0))).toBe(
      true,
    );
    await lab.clock.advance(8000);
    expect(lab.acked).toBe(2000);
    expect(lab.api.stored).toHaveLength(2000);
    expect(lab.fatal).toEqual([]);
  });

  test('without an answer are sent again and counted: each record may be a duplicate', async () => {
    const lab = new PutLab({ config: { collectionMaxCount: 5 } });
    const script: RequestScript[] = ['lost'];
    lab.api.onRequest = () => script.shift() ?? 'answer';
    await lab.writeAll(keys(5));
    await lab.clock.advance(3000);
    expect(lab.acked).toBe(5);
    expect(lab.api.stored).toHaveLength(10);
    expect(lab.metric('sink_ambiguous_retries')).toBe(5);
  });

  test('for their rate are no possible duplicates', async () => {
    const lab = new PutLab({ config: { lingerMs: 0 } });
    const script: RequestScript[] = [new ConnectorError('AWS_THROTTLED', 'Rate exceeded')];
    lab.api.onRequest = () => script.shift() ?? 'answer';
    await lab.write('a');
    await lab.clock.advance(1000);
    expect(lab.acked).toBe(1);
    expect(lab.metric('sink_ambiguous_retries')).toBe(0);
  });

  test('become smaller while they time out, so that a slow uplink carries them in the end', async () => {
    const lab = new PutLab({ config: { collectionMaxSize: 100_000, rateLimit: 1e6, retryMaxDelay: 1000 } });
    lab.api.onRequest = ({ entries }) =>
      entries.reduce((sum, { data }) => sum + data.byteLength, 0) > 30_000 ? 'silence' : 'answer';
    for (let record = 0; record < 200; record++) {
      await lab.write(`key-${record}`, { bytes: 1000 });
    }
    await lab.clock.advance(60_000);
    expect(lab.acked).toBe(200);
  });

  test.each([
    ['AWS_ACCESS_DENIED', 1],
    ['KINESIS_STREAM_NOT_FOUND', 1],
    ['AWS_CREDENTIALS', 5],
  ] as const)(
    'with %s end the sink at attempt %i, and everything stays unsettled',
    async (code, attempts) => {
      const lab = new PutLab({ config: { lingerMs: 0 } });
      lab.api.onRequest = () => new ConnectorError(code, 'no');
      await lab.writeAll(keys(3, 1));
      await lab.clock.advance(60_000);
      expect(lab.fatal).toEqual([expect.objectContaining({ code })]);
      expect(lab.api.requests.at(-1)?.at).toBeLessThan(10_000);
      expect(new Set(lab.api.requests.map(({ at }) => at)).size).toBe(attempts);
      expect(lab.open).toHaveLength(3);
      expect(lab.clock.pending).toBe(0);
    },
  );

  test('many at once with an error that may heal count as one', async () => {
    const lab = new PutLab({ config: { collectionMaxCount: 1 } });
    lab.api.onRequest = () =>
      lab.clock.monotonic() < 1 ? new ConnectorError('AWS_CREDENTIALS', 'no') : 'answer';
    await lab.writeAll(keys(20));
    await lab.clock.advance(1000);
    expect(lab.fatal).toEqual([]);
    expect(lab.acked).toBe(20);
  });
});

describe('a record that Kinesis refuses for itself', () => {
  const refuse = (lab: PutLab, ...texts: string[]): void => {
    lab.api.onRequest = ({ entries }) =>
      entries.some((entry) => texts.includes(textOf(entry)))
        ? new ConnectorError('AWS_REQUEST_REFUSED', 'ValidationException')
        : 'answer';
  };

  test('is found among 500, and the others are stored', async () => {
    const lab = new PutLab();
    refuse(lab, '123', '400');
    await lab.writeAll(keys(500));
    await lab.clock.advance(1000);
    expect(lab.acked).toBe(498);
    expect(lab.records[123]?.outcomes).toEqual([expect.objectContaining({ code: 'SINK_RECORD_REFUSED' })]);
    expect(lab.metric('sink_records_failed')).toBe(2);
    expect(lab.api.requests.length).toBeLessThan(50);
  });

  test('is acked and counted with onError skip, and its key goes on', async () => {
    const lab = new PutLab({ config: { onError: 'skip', retainOrdering: true, lingerMs: 0 } });
    refuse(lab, '0');
    await lab.writeAll(['a', 'a']);
    await lab.clock.advance(1000);
    expect(lab.records.map(({ outcomes }) => outcomes)).toEqual([['acked'], ['acked']]);
    expect(lab.api.stored.map(({ text }) => text)).toEqual(['1']);
    expect(lab.metric('sink_records_skipped')).toBe(1);
  });

  test('ends the sink with onError fail: it and what follows in its key stay unsettled, the rest is stored', async () => {
    const lab = new PutLab({ config: { onError: 'fail', retainOrdering: true, lingerMs: 100 } });
    refuse(lab, '0');
    await lab.writeAll(['a', 'b', 'a', 'b']);
    lab.loop.flush();
    await lab.clock.advance(1000);
    expect(lab.fatal).toEqual([expect.objectContaining({ code: 'SINK_RECORD_REFUSED' })]);
    await expect(lab.write('c')).rejects.toMatchObject({ code: 'SINK_RECORD_REFUSED' });
    expect(await lab.clock.run(lab.loop.drain(1000))).toBe(0);
    expect(lab.api.stored.map(({ text }) => text)).toEqual(['1', '3']);
    expect(lab.records[0]?.outcomes).toEqual([]);
    expect(lab.records[2]?.outcomes).toEqual([]);
  });

  test('and so the next, and the next: then it is not the records, and none is given up for good', async () => {
    const lab = new PutLab({ config: { onError: 'skip', lingerMs: 0 } });
    lab.api.onRequest = () => new ConnectorError('AWS_REQUEST_REFUSED', 'ValidationException');
    await lab.writeAll(keys(100));
    await lab.clock.advance(5000);
    expect(lab.fatal).toEqual([expect.objectContaining({ code: 'AWS_REQUEST_REFUSED' })]);
    expect(lab.acked).toBeLessThan(20);
  });

  test('before it was sent: follows onError as well', async () => {
    const lab = new PutLab({ config: { onError: 'dlq' } });
    const record = lab.record('a');
    await lab.loop.reject(record, new ConnectorError('SINK_RECORD_INVALID', 'no such column'));
    expect(record.outcomes).toEqual([expect.objectContaining({ code: 'SINK_RECORD_INVALID' })]);
  });
});

describe('recordTtl', () => {
  test('gives up what was not stored in time, and not before', async () => {
    const lab = new PutLab({ config: { recordTtl: 5000 } });
    lab.api.onEntry = () => 'ProvisionedThroughputExceededException';
    await lab.writeAll(keys(3));
    await lab.clock.advance(4999);
    expect(lab.open).toHaveLength(3);
    await lab.clock.advance(20);
    expect(lab.records.map(({ outcomes }) => outcomes)).toEqual(
      Array(3).fill([expect.objectContaining({ code: 'SINK_RECORD_EXPIRED' })]),
    );
  });

  test('waits for the answer of what is under way', async () => {
    const lab = new PutLab({ config: { recordTtl: 50, lingerMs: 0 } });
    lab.api.latencyMs = 200;
    await lab.write('a');
    await lab.clock.advance(300);
    expect(lab.acked).toBe(1);
  });

  test('does not hold up those behind in the key', async () => {
    const lab = new PutLab({
      config: { recordTtl: 1000, retainOrdering: true, lingerMs: 0, retryMaxDelay: 100 },
    });
    let refuse = true;
    lab.api.onEntry = () => (refuse ? 'InternalFailure' : undefined);
    await lab.write('a');
    await lab.clock.advance(900);
    await lab.write('a');
    await lab.clock.advance(200);
    refuse = false;
    await lab.clock.advance(800);
    expect(lab.records[0]?.outcomes).toEqual([expect.objectContaining({ code: 'SINK_RECORD_EXPIRED' })]);
    expect(lab.records[1]?.outcomes).toEqual(['acked']);
  });

  test('gives up ten thousand of a key one behind the other', async () => {
    const lab = new PutLab({ config: { recordTtl: 500, retainOrdering: true, maxPendingRecords: 20_000 } });
    lab.api.onRequest = () => 'silence';
    await lab.writeAll(keys(10_000, 1));
    await lab.clock.advance(2000);
    expect(lab.settled).toHaveLength(10_000);
  });
});

describe('rates', () => {
  /** Writes as fast as the sink takes it, for so many seconds; what the shards took in the last of them. */
  async function flood(
    lab: PutLab,
    key: (index: number) => string | undefined,
    seconds: number,
    last: number,
  ) {
    let over = false;
    const writing = (async () => {
      for (let index = 0; !over; index++) {
        await lab.write(key(index));
      }
    })();
    await lab.clock.advance((seconds - last) * 1000);
    const from = { stored: lab.api.stored.length, refused: lab.api.refusedEntries };
    await lab.clock.advance(last * 1000);
    over = true;
    const stored = lab.api.stored.slice(from.stored);
    const refused = lab.api.refusedEntries - from.refused;
    const ofShard = (shard: string): number =>
      stored.filter(({ shardId }) => shardId === shard).length / last;
    await lab.clock.run(Promise.allSettled([lab.loop.drain(0), writing]));
    return {
      perSecond: stored.length / last,
      ofShard,
      refusedShare: refused / (refused + stored.length),
    };
  }

  test.each([
    ['the limit of a shard', 1000, 0.02],
    ['what others leave of a shard', 300, 0.04],
  ])('%s is found and used in full, with few refusals', async (_what, recordsPerSecond, share) => {
    const lab = new PutLab();
    lab.api.limits = { ...SHARD_WRITE_LIMITS, recordsPerSecond };
    const { perSecond, refusedShare } = await flood(lab, (index) => `key-${index}`, 15, 10);
    expect(perSecond).toBeGreaterThan(0.99 * recordsPerSecond);
    expect(refusedShare).toBeLessThan(share);
  });

  test('a shard that takes more again gets more again within seconds', async () => {
    const lab = new PutLab();
    lab.api.limits = { ...SHARD_WRITE_LIMITS, recordsPerSecond: 250 };
    lab.clock.setTimer(() => {
      lab.api.limits = SHARD_WRITE_LIMITS;
    }, 10_000);
    const { perSecond } = await flood(lab, (index) => `key-${index}`, 25, 5);
    expect(perSecond).toBeGreaterThan(990);
  });

  test('below 100 % of rateLimit nothing is ever refused', async () => {
    const lab = new PutLab({ config: { rateLimit: 80 } });
    lab.api.limits = SHARD_WRITE_LIMITS;
    const { perSecond, refusedShare } = await flood(lab, (index) => `key-${index}`, 10, 8);
    expect(perSecond).toBeCloseTo(800, -1);
    expect(refusedShare).toBe(0);
  });

  test('a hot shard at its limit does not slow the cold ones while there is room', async () => {
    const lab = new PutLab({ shards: 4, config: { maxPendingRecords: 100_000 } });
    lab.api.limits = SHARD_WRITE_LIMITS;
    // Each cold shard is offered 1,000 a second, the hot one three times as much and its part.
    let written = 0;
    const everyTenth = async (): Promise<void> => {
      for (let index = 0; index < 600; index++, written++) {
        await lab.write(written % 2 === 0 ? 'hot' : `key-${written}`);
      }
    };
    for (let tenth = 0; tenth < 100; tenth++) {
      await everyTenth();
      await lab.clock.advance(100);
    }
    const inTenSeconds = new Map<string, number>();
    for (const { shardId } of lab.api.stored) {
      inTenSeconds.set(shardId, (inTenSeconds.get(shardId) ?? 0) + 1);
    }
    const [hot, ...cold] = [...inTenSeconds.values()].sort((a, b) => b - a);
    expect(hot).toBeGreaterThan(9900);
    const offered = written / 2 / 4;
    expect(Math.min(...cold)).toBeGreaterThan(0.95 * offered);
    expect(lab.api.refusedEntries / lab.api.stored.length).toBeLessThan(0.02);
  });

  test('a shard that refuses everything is asked less and less often, the others go on', async () => {
    const lab = new PutLab({ shards: 2 });
    lab.api.onEntry = (_entry, shardId) =>
      shardId === 'shard-0' ? 'ProvisionedThroughputExceededException' : undefined;
    await lab.writeAll(keys(1000));
    await lab.clock.advance(60_000);
    expect(lab.open).toHaveLength(1000 - lab.api.stored.length);
    expect(lab.api.stored.length).toBeGreaterThan(400);
    const asked = lab.api.requests.filter(({ at }) => at > 1000);
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.length).toBeLessThan(30);
  });

  test('many shards at their limit share requests', async () => {
    const lab = new PutLab({ shards: 20, config: { maxPendingRecords: 100_000 } });
    lab.api.limits = SHARD_WRITE_LIMITS;
    await flood(lab, (index) => `key-${index}`, 3, 2);
    const mean = lab.api.stored.length / lab.api.requests.length;
    expect(mean).toBeGreaterThan(250);
  });
});

describe('when the stream is resharded', () => {
  test('rates go by the new shards', async () => {
    const lab = new PutLab({ config: { rateLimit: 100, lingerMs: 0 } });
    lab.api.shards = evenShards(4, 'child');
    let over = false;
    const writing = (async () => {
      for (let index = 0; !over; index++) {
        await lab.write(`key-${index}`);
      }
    })();
    await lab.clock.advance(2000);
    expect(lab.metric('sink_shard_map_refreshes')).toBe(1);
    expect(lab.api.stored.length).toBeGreaterThan(0.95 * 2 * 4000);
    over = true;
    await lab.clock.run(Promise.allSettled([lab.loop.drain(0), writing]));
  });

  test('the shards are listed again at most every five seconds, and until it succeeds', async () => {
    const lab = new PutLab({ config: { lingerMs: 0 } });
    lab.api.shards = evenShards(2, 'child');
    lab.api.listingError = unavailable();
    for (let second = 0; second < 12; second++) {
      await lab.write(`key-${second}`);
      await lab.clock.advance(1000);
    }
    expect(lab.api.listings).toBe(3);
    lab.api.listingError = undefined;
    await lab.clock.advance(10_000);
    expect(lab.api.listings).toBe(4);
    await lab.write('another');
    await lab.clock.advance(10_000);
    expect(lab.api.listings).toBe(4);
    expect(lab.acked).toBe(13);
  });

  test('a listing with a gap is not believed', async () => {
    const lab = new PutLab({ shards: 2, config: { lingerMs: 0 } });
    lab.api.shards = evenShards(4, 'child');
    await lab.write('a');
    await lab.clock.advance(4);
    const full = lab.api.shards;
    lab.api.shards = full.slice(1);
    await lab.clock.advance(1000);
    expect(lab.metric('sink_shard_map_refreshes')).toBe(0);
    lab.api.shards = full;
    await lab.clock.advance(6000);
    expect(lab.metric('sink_shard_map_refreshes')).toBe(1);
  });
});

describe('closing', () => {
  test('sends what lingers and ends when it is stored', async () => {
    const lab = new PutLab({ config: { lingerMs: 60_000, retainOrdering: true } });
    await lab.writeAll(keys(30, 3));
    const draining = lab.loop.drain(25_000);
    await lab.clock.advance(10 * 5);
    expect(await draining).toBe(0);
    expect(lab.acked).toBe(30);
    expect(lab.clock.pending).toBe(0);
  });

  test('takes no further record', async () => {
    const lab = new PutLab();
    const draining = lab.loop.drain(1000);
    await expect(lab.write('a')).rejects.toMatchObject({ code: 'SINK_CLOSED' });
    expect(await draining).toBe(0);
  });

  test('gives up at the deadline: requests are abandoned, nothing is settled after it', async () => {
    const lab = new PutLab({ config: { lingerMs: 0 }, requestTimeout: 60_000 });
    lab.api.onRequest = () => 'late';
    await lab.writeAll(keys(3));
    const draining = lab.loop.drain(2000);
    await lab.clock.advance(2000);
    expect(await draining).toBe(3);
    await lab.clock.advance(60_000);
    expect(lab.settled).toEqual([]);
    expect(lab.clock.pending).toBe(0);
  });

  test('waits for the answers it is owed after a fatal error, and sends nothing more', async () => {
    const lab = new PutLab({ config: { lingerMs: 0, collectionMaxCount: 1, maxConnections: 2 } });
    const script: RequestScript[] = [new ConnectorError('AWS_ACCESS_DENIED', 'no'), 'answer'];
    lab.api.onRequest = () => {
      lab.api.latencyMs = 50;
      return script.shift() ?? 'answer';
    };
    await lab.writeAll(keys(5));
    await lab.clock.advance(50);
    expect(lab.fatal).toHaveLength(1);
    expect(await lab.clock.run(lab.loop.drain(1000))).toBe(0);
    expect(lab.acked).toBe(1);
    expect(lab.api.requests).toHaveLength(2);
  });

  test('a write that waits for room ends with it', async () => {
    const lab = new PutLab({ config: { maxPendingRecords: 1 } });
    lab.api.onRequest = () => 'silence';
    const write = lab.write('a');
    const draining = lab.loop.drain(500);
    const refused = expect(write).rejects.toMatchObject({ code: 'SINK_CLOSED' });
    await lab.clock.advance(500);
    await refused;
    expect(await draining).toBe(1);
  });
});
