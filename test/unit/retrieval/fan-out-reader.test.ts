import type { ShardPage } from '../../../src/aws/kinesis-api';
import { ConnectorError, type ErrorCode } from '../../../src/errors';
import { type FanOutReaderOptions, openFanOutReader } from '../../../src/retrieval/fan-out-reader';
import type { ShardReader } from '../../../src/retrieval/retrieval';
import { sleep } from '../../../src/util/clock';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';
import { event, ScriptedFanOut, type SubscribeStep } from '../../support/scripted-fan-out';
import { record, ScriptedKinesis } from '../../support/scripted-kinesis';
import { shardOf } from '../../support/shards';

const START = { type: 'AT_TIMESTAMP', timestamp: 77 } as const;
const CHILD = { shardId: 'child', parentShards: ['shard'], startingHashKey: '0', endingHashKey: '9' };
const LIFE_MS = 300_000;
const admitAll = async (): Promise<void> => undefined;
const failure = (code: ErrorCode): ConnectorError => new ConnectorError(code, `scripted ${code}`);
const behind = (sequenceNumber: string) => ({ type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber });
const IN_USE = failure('KINESIS_SUBSCRIPTION_IN_USE');

interface Bench {
  readonly fanOut: ScriptedFanOut;
  readonly kinesis: ScriptedKinesis;
  readonly clock: ManualClock;
  readonly reader: ShardReader;
  readonly events: string[];
  readonly lost: string[];
  readonly stop: AbortController;
  /** One read, with time moved as far as it takes. */
  read(): ReturnType<ShardReader['read']>;
}

function bench(script: SubscribeStep[], options: Partial<FanOutReaderOptions> = {}): Bench {
  const fanOut = new ScriptedFanOut(script);
  const kinesis = new ScriptedKinesis([]);
  const clock = new ManualClock();
  const events: string[] = [];
  const lost: string[] = [];
  const stop = new AbortController();
  const reader = openFanOutReader({
    kinesis,
    fanOut,
    consumer: { arn: async () => `arn-${lost.length}`, lost: (arn) => lost.push(arn) },
    stream: { name: 'stream' },
    shardId: 'shard',
    start: START,
    eventTimeout: 30_000,
    backoff: { initialMs: 3_000, maxMs: 60_000 },
    numRetries: 3,
    requestTimeout: 10_000,
    clock,
    random: seededRandom(7),
    observer: {
      throttled: () => events.push('throttled'),
      retried: (_shard, error, attempt) => events.push(`${error.code} ${attempt}`),
      resubscribing: (_shard, error) => events.push(`again ${error?.code ?? 'ENDED'}`),
      vanished: () => events.push('vanished'),
    },
    ...options,
  });
  const read = () => clock.run(reader.read(stop.signal, admitAll));
  return { fanOut, kinesis, clock, reader, events, lost, stop, read };
}

const sequences = (batch: { readonly records: readonly { readonly sequenceNumber: string }[] }): string[] =>
  batch.records.map(({ sequenceNumber }) => sequenceNumber);

const positions = ({ fanOut }: Bench) => fanOut.subscribed.map(({ position }) => position);

describe('fan-out reader', () => {
  it('subscribes once and hands out event after event', async () => {
    const lab = bench([
      {
        events: [
          { records: [record('1'), record('2')], millisBehindLatest: 9 },
          { records: [record('3')] },
          {},
        ],
      },
    ]);
    expect(await lab.read()).toMatchObject({ millisBehindLatest: 9, end: undefined });
    expect(sequences(await lab.read())).toEqual(['3']);
    expect(sequences(await lab.read())).toEqual([]);
    expect(lab.fanOut.subscribed).toEqual([{ consumerArn: 'arn-0', position: START }]);
    expect(lab.clock.monotonic()).toBe(0);
  });

  it('subscribes again at once when its time is up, behind the last record handed out', async () => {
    const lab = bench([{ events: [{ records: [record('41'), record('42')] }, 'end'] }, { events: [{}] }]);
    await lab.read();
    await lab.clock.advance(LIFE_MS);
    const before = lab.clock.monotonic();
    await lab.read();
    expect(lab.clock.monotonic()).toBe(before);
    expect(positions(lab)).toEqual([START, behind('42')]);
    expect(lab.events).toEqual(['again ENDED']);
    expect(lab.fanOut.open).toBe(1);
  });

  it('never subscribes within five seconds of the subscription before', async () => {
    const lab = bench([{ events: [{}, 'end'] }, { events: [{}, 'end'] }, { events: [{}] }]);
    await lab.read();
    await lab.read();
    await lab.read();
    expect(lab.clock.monotonic()).toBe(10_000);
  });

  it('asks nobody for what it does not read', async () => {
    let asked = 0;
    const step = async () => event({ records: [record(String(++asked))] });
    const lab = bench([{ events: [step, step, step] }]);
    await lab.read();
    await lab.clock.advance(600_000);
    expect(asked).toBe(1);
    expect(lab.fanOut.open).toBe(1);
  });

  it('tells of every call whether it succeeded and how long it took, the wait for admission left out', async () => {
    const calls: unknown[] = [];
    const lab = bench(
      [
        {
          events: [
            async ({ admit }) => {
              await sleep(lab.clock, 30);
              await admit?.(1000);
              await sleep(lab.clock, 5);
              return event();
            },
            failure('AWS_TIMEOUT'),
          ],
          delay: () => sleep(lab.clock, 20),
        },
        { events: [{}] },
      ],
      { observer: { called: (call, succeeded, ms) => calls.push([call, succeeded, ms]) } },
    );
    await lab.clock.run(lab.reader.read(lab.stop.signal, () => sleep(lab.clock, 10_000)));
    await lab.read();
    expect(calls).toEqual([
      ['subscribeToShard', true, 20],
      ['nextEvent', true, 35],
      ['nextEvent', false, 0],
      ['subscribeToShard', true, 0],
      ['nextEvent', true, 0],
    ]);
  });

  it.each(['AWS_THROTTLED', 'AWS_UNAVAILABLE', 'AWS_TIMEOUT'] as const)(
    'outlasts any number of %s, before a subscription stands and after',
    async (code) => {
      const refused = Array.from({ length: 20 }, () => failure(code));
      const broken = Array.from({ length: 20 }, () => ({ events: [failure(code)] }));
      const lab = bench([...refused, ...broken, { events: [{ records: [record('1')] }] }]);
      expect(sequences(await lab.read())).toEqual(['1']);
      expect(lab.events.filter((text) => text.startsWith(code))).toHaveLength(40);
      expect(lab.fanOut.open).toBe(1);
    },
  );

  it('resumes behind the last event handed out after an error in the middle, and does not lose the broken one', async () => {
    const lab = bench([
      { events: [{ records: [record('1')] }, failure('AWS_UNAVAILABLE')] },
      { events: [{ records: [record('2')] }] },
    ]);
    expect(sequences(await lab.read())).toEqual(['1']);
    expect(sequences(await lab.read())).toEqual(['2']);
    expect(positions(lab)).toEqual([START, behind('1')]);
    expect(lab.events).toEqual(['AWS_UNAVAILABLE 1', 'again AWS_UNAVAILABLE']);
  });

  it('waits longer and longer for subscriptions that break at once, and begins anew after one that stood', async () => {
    const waits: number[] = [];
    const broken = (): SubscribeStep => ({ events: [failure('AWS_UNAVAILABLE')] });
    const lab = bench([broken(), broken(), broken(), { events: ['silence'] }, { events: [{}] }], {
      random: { ...seededRandom(1), next: () => 0.99 },
      observer: { retried: (_shard, _error, _attempt, waitMs) => waits.push(Math.round(waitMs)) },
    });
    await lab.read();
    expect(waits).toEqual([2970, 5940, 11880, 2970]);
  });

  it('gives up an error that may not heal after numRetries', async () => {
    const lab = bench(Array.from({ length: 4 }, () => failure('AWS_UNKNOWN')));
    await expect(lab.read()).rejects.toMatchObject({ code: 'AWS_UNKNOWN' });
    expect(lab.fanOut.subscribed).toHaveLength(4);
  });

  it('throws a fatal error at once, and what is no error of ours too', async () => {
    const denied = bench([failure('AWS_ACCESS_DENIED')]);
    await expect(denied.read()).rejects.toMatchObject({ code: 'AWS_ACCESS_DENIED' });
    const defect = bench([{ events: [new TypeError('not a function')] }]);
    await expect(defect.read()).rejects.toThrow(TypeError);
    expect(defect.fanOut.open).toBe(0);
  });

  it('gives up a subscription that brings nothing, not even an empty event, and takes another', async () => {
    const lab = bench([{ events: ['silence'] }, { events: [{ records: [record('1')] }] }]);
    expect(sequences(await lab.read())).toEqual(['1']);
    expect(lab.clock.monotonic()).toBeGreaterThanOrEqual(30_000);
    expect(lab.events).toEqual(['AWS_TIMEOUT 1', 'again AWS_TIMEOUT']);
    expect(lab.fanOut.open).toBe(1);
  });

  it('gives up a subscription that is not answered in time, and closes it when it comes after all', async () => {
    const lab = bench([
      { events: [{ records: [record('lost')] }], delay: () => sleep(lab.clock, 15_000) },
      { events: [{ records: [record('1')] }] },
    ]);
    expect(sequences(await lab.read())).toEqual(['1']);
    await lab.clock.advance(30_000);
    expect(lab.fanOut.open).toBe(1);
  });

  it('does not count the wait for admission as a late event', async () => {
    const lab = bench([
      {
        events: [
          async ({ admit }) => {
            await admit?.(123);
            return event({ records: [record('1')] });
          },
        ],
      },
    ]);
    let letIn = (): void => undefined;
    const admitted = new Promise<void>((resolve) => {
      letIn = resolve;
    });
    const reading = lab.reader.read(lab.stop.signal, () => admitted);
    await lab.clock.advance(600_000);
    letIn();
    expect(sequences(await lab.clock.run(reading))).toEqual(['1']);
    expect(lab.events).toEqual([]);
    expect(lab.clock.pending).toBe(0);
  });

  it('ends every wait with the reason of the signal and leaves neither timer nor subscription behind', async () => {
    const reason = failure('LEASE_LOST');
    const spacing = bench([{ events: [{}, 'end'] }]);
    await spacing.read();
    const backingOff = bench([failure('AWS_UNAVAILABLE')]);
    const subscribing = bench(['silence']);
    const waiting = bench([{ events: ['silence'] }]);
    for (const lab of [spacing, backingOff, subscribing, waiting]) {
      const reading = lab.reader.read(lab.stop.signal, admitAll);
      await lab.clock.advance(1);
      expect(lab.clock.pending).toBe(1);
      lab.stop.abort(reason);
      await expect(reading).rejects.toBe(reason);
      expect([lab.clock.pending, lab.fanOut.open]).toEqual([0, 0]);
      expect(lab.events.join()).not.toContain('LEASE_LOST');
    }
  });

  it('leaves no subscription behind when the signal fires in the moment in which it stands', async () => {
    for (let turns = 0; turns < 20; turns++) {
      const abortLater = async (): Promise<void> => {
        for (let turn = 0; turn < turns; turn++) {
          await undefined;
        }
        lab.stop.abort(failure('LEASE_LOST'));
      };
      const delay = async (): Promise<void> => void abortLater();
      const lab = bench([{ events: [{}], delay }]);
      const outcome = await lab.read().catch(() => undefined);
      expect([turns, lab.fanOut.open]).toEqual([turns, outcome === undefined ? 0 : 1]);
    }
  });

  it('takes a subscription that ends without an event for a failure, and tells of it each time', async () => {
    const told: unknown[] = [];
    const lab = bench([{ events: ['end'] }, { events: ['end'] }, { events: ['end'] }, { events: [{}] }], {
      observer: {
        called: (call, succeeded) => told.push(...(call === 'nextEvent' ? [succeeded] : [])),
        retried: (_shard, error) => told.push(error.code),
      },
    });
    await lab.read();
    expect(told).toEqual([...Array.from({ length: 3 }, () => [false, 'AWS_UNAVAILABLE']).flat(), true]);
    expect(lab.clock.monotonic()).toBeGreaterThanOrEqual(15_000);
  });

  it('subscribes anew from the same place when a read was broken off and another one comes', async () => {
    const lab = bench([
      { events: [{ records: [record('1')] }, 'silence'] },
      { events: [{ records: [record('2')] }] },
    ]);
    await lab.read();
    const broken = lab.reader.read(lab.stop.signal, admitAll);
    await lab.clock.advance(1);
    lab.stop.abort(failure('READER_STALLED'));
    await expect(broken).rejects.toMatchObject({ code: 'READER_STALLED' });
    const reading = lab.reader.read(new AbortController().signal, admitAll);
    expect(sequences(await lab.clock.run(reading))).toEqual(['2']);
    expect(positions(lab)).toEqual([START, behind('1')]);
  });

  it('closes its subscription when it is closed', async () => {
    const lab = bench([{ events: [{}] }]);
    await lab.read();
    lab.reader.close();
    expect(lab.fanOut.open).toBe(0);
    await expect(lab.read()).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
  });
});

describe('a subscription that is in use', () => {
  it('is tried for once a second by whoever has just taken the lease', async () => {
    const lab = bench([IN_USE, IN_USE, { events: [{ records: [record('1')] }] }]);
    expect(sequences(await lab.read())).toEqual(['1']);
    expect(lab.clock.monotonic()).toBeGreaterThanOrEqual(2000);
    expect(lab.clock.monotonic()).toBeLessThanOrEqual(3000);
  });

  it('is left alone for five seconds by whoever had it and lost it', async () => {
    const lab = bench([{ events: [{}, IN_USE] }, { events: [{}] }]);
    await lab.read();
    await lab.clock.advance(60_000);
    await lab.read();
    expect(lab.clock.monotonic() - 60_000).toBeGreaterThanOrEqual(5000);
    expect(lab.clock.monotonic() - 60_000).toBeLessThanOrEqual(5500);
    expect(lab.events).toEqual(['KINESIS_SUBSCRIPTION_IN_USE 1', 'again KINESIS_SUBSCRIPTION_IN_USE']);
  });

  it('is tried for ever less often against a rival that does not go away', async () => {
    const lab = bench([...Array.from({ length: 15 }, () => IN_USE), { events: [{}] }]);
    await lab.read();
    expect(lab.clock.monotonic()).toBeGreaterThan(60_000);
  });
});

describe('a consumer that is gone', () => {
  it.each(['KINESIS_CONSUMER_NOT_FOUND', 'KINESIS_CONSUMER_NOT_READY'] as const)(
    'is looked for again after %s, and the subscription is made with what is found',
    async (code) => {
      const lab = bench([failure(code), { events: [{ records: [record('1')] }] }]);
      expect(sequences(await lab.read())).toEqual(['1']);
      expect(lab.lost).toEqual(['arn-0']);
      expect(lab.fanOut.subscribed.map(({ consumerArn }) => consumerArn)).toEqual(['arn-0', 'arn-1']);
    },
  );
});

describe('the place to go on from', () => {
  const empty = (continuation: string) => ({ continuation });
  const resumedAfter = async (options: Partial<FanOutReaderOptions>, ...events: object[]) => {
    const lab = bench([{ events: [...events, failure('AWS_UNAVAILABLE')] }, { events: [{}] }], options);
    for (const _ of events) {
      await lab.read();
    }
    await lab.read();
    return positions(lab)[1];
  };

  it('is the continuation after events without records: an empty past is got through in the end', async () => {
    expect(await resumedAfter({}, empty('7'), empty('8'))).toEqual(behind('8'));
  });

  it('is the last record when the service names a continuation before it', async () => {
    expect(await resumedAfter({}, { records: [record('9')], continuation: '7' })).toEqual(behind('9'));
    expect(await resumedAfter({}, empty('7'), { records: [record('9')], continuation: '5' })).toEqual(
      behind('9'),
    );
  });

  it('is the start still, where the continuation names the record to start at: the rest of it was not read', async () => {
    const start = { type: 'AT_SEQUENCE_NUMBER', sequenceNumber: '7' } as const;
    expect(await resumedAfter({ start }, empty('7'))).toEqual(start);
    expect(await resumedAfter({ start }, empty('6'))).toEqual(start);
    expect(await resumedAfter({ start }, empty('10'))).toEqual(behind('10'));
  });

  it('is what was proven before, where the continuation is no sequence number, or refused', async () => {
    expect(await resumedAfter({}, empty('opaque'))).toEqual(START);
    const lab = bench([
      { events: [empty('7'), failure('AWS_UNAVAILABLE')] },
      failure('KINESIS_POSITION_REFUSED'),
      { events: [{}] },
    ]);
    await lab.read();
    await lab.read();
    expect(positions(lab)).toEqual([START, behind('7'), START]);
  });
});

describe('the time of the service', () => {
  it('of every event is that of its subscription, before which nobody looked at the shard', async () => {
    const lab = bench([{ events: [{}, {}], serviceTime: 1_000_000, delay: () => sleep(lab.clock, 400) }]);
    expect(await lab.read()).toMatchObject({ serviceTime: 1_000_000 - 400, lookedSince: 0 });
    await lab.clock.advance(200_000);
    expect(await lab.read()).toMatchObject({ serviceTime: 1_000_000 - 400, lookedSince: 0 });
  });

  it('is not known when the service sends none', async () => {
    const lab = bench([{ events: [{}] }]);
    expect((await lab.read()).serviceTime).toBeUndefined();
  });
});

describe('end of a shard', () => {
  const parent = shardOf('shard', { closed: true });
  const low = shardOf('low', { parents: ['shard'], part: [0, 1, 2], born: 200 });
  const high = shardOf('high', { parents: ['shard'], part: [1, 2, 2], born: 200 });
  const page = (...shards: (typeof parent)[]): ShardPage => ({ shards, nextToken: undefined });
  const last = { records: [record('9')], continuation: undefined };

  it('comes with the last records and the children the service names', async () => {
    const lab = bench([{ events: [{ ...last, childShards: [CHILD] }] }]);
    expect(await lab.read()).toMatchObject({
      records: [{ sequenceNumber: '9' }],
      end: { childShards: [CHILD] },
    });
    expect(lab.fanOut.open).toBe(0);
    await expect(lab.read()).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
  });

  it('is proved by ListShards when no children are named, and read again until it is', async () => {
    const lab = bench([{ events: [last] }, { events: [last] }]);
    lab.kinesis.listings.push(page(parent, low), page(parent, low, high));
    const batch = await lab.read();
    expect(sequences(batch)).toEqual(['9']);
    expect(batch.end?.childShards.map(({ shardId }) => shardId)).toEqual(['low', 'high']);
    expect(positions(lab)).toEqual([START, START]);
  });

  it('of a shard that is found no more has the children that are listed', async () => {
    const gone = failure('KINESIS_SHARD_NOT_FOUND');
    const lab = bench([gone, gone, gone, gone]);
    lab.kinesis.listings.push(page(shardOf('low', { parents: ['shard'] })));
    expect((await lab.read()).end?.childShards.map(({ shardId }) => shardId)).toEqual(['low']);
    expect(lab.events).toContain('vanished');
  });

  it('is none when the stream itself is gone', async () => {
    const gone = failure('KINESIS_SHARD_NOT_FOUND');
    const lab = bench([gone, gone, gone, gone]);
    lab.kinesis.listings.push(failure('KINESIS_STREAM_NOT_FOUND') as never);
    await expect(lab.read()).rejects.toMatchObject({ code: 'KINESIS_STREAM_NOT_FOUND' });
  });
});
