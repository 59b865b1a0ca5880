import { SHARD_READ_LIMITS } from '../../../src/emulator/kinesis/read-limits';
import { sleep } from '../../../src/util/clock';
import type { Fault } from './call-faults';
import { admitAll, failure, type LabOptions, type Mode, RetrievalLab, STREAM } from './lab';

/** `ahead`: events that wait in the connection; what the service has sent, and nobody has asked for. */
const READERS: readonly (readonly [string, Mode, LabOptions])[] = [
  ['polling', 'polling', {}],
  ['fan-out', 'fan-out', {}],
  ['fan-out, events waiting', 'fan-out', { ahead: 2 }],
];
/** Small enough for several events of the records of one put. */
const SMALL_EVENTS = { eventBytes: 150 };
const MINUTE_MS = 60_000;

describe.each(READERS)('a shard read by %s', (_reader, mode, connection) => {
  const open = (options: LabOptions = {}) =>
    RetrievalLab.open(mode, { ...SMALL_EVENTS, ...connection, ...options });

  describe('where it starts', () => {
    it('hands out everything from the trim horizon on, in order', async () => {
      const lab = await open();
      lab.put(40);
      const reading = lab.reader();
      await reading.until(40);
      expect(reading.sequenceNumbers).toEqual(reading.expected());
    });

    it.each([
      ['AT_SEQUENCE_NUMBER', 10],
      ['AFTER_SEQUENCE_NUMBER', 11],
    ] as const)('%s', async (type, from) => {
      const lab = await open();
      lab.put(30);
      const sequenceNumber = lab.puts()[10]?.sequenceNumber ?? '';
      const reading = lab.reader({ type, sequenceNumber });
      await reading.until(30 - from);
      expect(reading.sequenceNumbers).toEqual(reading.expected(from));
    });

    it('AT_TIMESTAMP: at the first record of that instant', async () => {
      const lab = await open();
      lab.put(10);
      await lab.clock.advance(5000);
      const timestamp = lab.clock.now();
      lab.put(10);
      const reading = lab.reader({ type: 'AT_TIMESTAMP', timestamp });
      await reading.until(10);
      expect(reading.sequenceNumbers).toEqual(reading.expected(10));
    });

    it('an instant holds although nothing comes for a long time: what comes then is not skipped', async () => {
      const lab = await open();
      lab.put(5);
      await lab.clock.advance(5000);
      const reading = lab.reader({ type: 'AT_TIMESTAMP', timestamp: lab.clock.now() });
      for (const until = lab.clock.monotonic() + 6 * MINUTE_MS; lab.clock.monotonic() < until; ) {
        await reading.next();
      }
      lab.put(5);
      await reading.until(5);
      expect(reading.sequenceNumbers).toEqual(reading.expected(5));
    });
  });

  it('hands out what is put while it reads', async () => {
    const lab = await open();
    const reading = lab.reader();
    for (let round = 1; round <= 20; round++) {
      lab.put(round);
      await reading.until(lab.count);
    }
    expect(reading.sequenceNumbers).toEqual(reading.expected());
  });

  it('an idle shard costs no error, and says that nothing is behind', async () => {
    const lab = await open();
    const reading = lab.reader();
    for (const until = lab.clock.monotonic() + 6 * MINUTE_MS; lab.clock.monotonic() < until; ) {
      expect(await reading.next()).toMatchObject({ records: [], millisBehindLatest: 0, end: undefined });
    }
    expect(lab.events).toEqual([]);
  });

  describe('errors', () => {
    /** Errors that heal, and may come at any call. */
    const faults: readonly [string, Fault][] = [
      ['is refused as throttled', { refused: failure('AWS_THROTTLED') }],
      ['is refused by a service that is not there', { refused: failure('AWS_UNAVAILABLE') }],
      ['fails for an unknown reason', { refused: failure('AWS_UNKNOWN') }],
      ['is made, and its answer breaks off', { lost: failure('AWS_UNAVAILABLE') }],
      ['is never answered', 'silence'],
      ['is answered when nobody waits any more', { late: 45_000 }],
    ];

    it.each(faults)('nothing is lost or handed out twice when any one call %s', async (_name, fault) => {
      const calls = await callsOfOneRead();
      expect(calls).toBeGreaterThan(5);
      for (let at = 0; at < calls; at++) {
        const lab = await open();
        lab.put(30);
        lab.faults.plant(fault, at);
        const reading = lab.reader();
        await reading.until(20);
        lab.put(10);
        await reading.until(40);
        expect(reading.sequenceNumbers).toEqual(reading.expected());
        await lab.clock.advance(MINUTE_MS);
        expect(lab.faults.subscriptions).toBe(mode === 'fan-out' ? 1 : 0);
      }
    });

    async function callsOfOneRead(): Promise<number> {
      const lab = await open();
      lab.put(30);
      const before = lab.faults.calls.length;
      await lab.reader().until(30);
      return lab.faults.calls.length - before;
    }

    it('a fatal one is thrown at once', async () => {
      const lab = await open();
      lab.faults.plant({ refused: failure('KINESIS_KMS') });
      await expect(lab.reader().next()).rejects.toMatchObject({ code: 'KINESIS_KMS' });
      expect(lab.clock.pending).toBe(0);
    });

    it('limits of the service slow reading down, and end it never', async () => {
      const limits = { ...SHARD_READ_LIMITS, getRecordsBytes: 2000, subscriptionBytes: 2000 };
      const lab = await open({ readLimits: limits });
      lab.put(100, 100);
      const reading = lab.reader();
      await reading.until(100);
      expect(reading.sequenceNumbers).toEqual(reading.expected());
      expect(lab.clock.monotonic()).toBeGreaterThan(3000);
      expect(new Set(lab.events)).toEqual(new Set(mode === 'polling' ? ['AWS_THROTTLED'] : []));
    });

    it('a stream that was deleted ends it with the reason', async () => {
      const lab = await open();
      const reading = lab.reader();
      await reading.next();
      lab.model.model.call('DeleteStream', { StreamName: STREAM, EnforceConsumerDeletion: true });
      await expect(
        (async () => {
          for (;;) {
            await reading.next();
          }
        })(),
      ).rejects.toMatchObject({ code: 'KINESIS_STREAM_NOT_FOUND' });
    });
  });

  describe('a reader that is not asked', () => {
    it('for longer than iterators and subscriptions live goes on where it was', async () => {
      const lab = await open();
      lab.put(20);
      const reading = lab.reader();
      await reading.next();
      for (let pause = 0; pause < 4; pause++) {
        await lab.clock.advance(7 * MINUTE_MS);
        lab.put(3);
        await reading.next();
      }
      await reading.until(lab.count);
      expect(reading.sequenceNumbers).toEqual(reading.expected());
    });

    it('makes no call, whatever there is to read', async () => {
      const lab = await open();
      lab.put(100);
      const reading = lab.reader();
      await reading.next();
      const { length } = lab.faults.calls;
      await lab.clock.advance(10 * MINUTE_MS);
      expect(lab.faults.calls).toHaveLength(length);
    });

    it('often enough, once a minute, falls behind and loses nothing', async () => {
      const lab = await open();
      const reading = lab.reader();
      for (let round = 0; round < 15; round++) {
        lab.put(10);
        await reading.next();
        await lab.clock.advance(MINUTE_MS);
      }
      await reading.until(lab.count);
      expect(reading.sequenceNumbers).toEqual(reading.expected());
    });
  });

  describe('room for what comes', () => {
    it('is asked for once an answer, with its size, before it is handed out', async () => {
      const lab = await open();
      lab.put(3, 1000);
      const asked: number[] = [];
      const reading = lab.reader();
      while (reading.sequenceNumbers.length < 3) {
        const { records } = await reading.next(async (bytes) => {
          asked.push(bytes);
        });
        expect(asked.at(-1)).toBeGreaterThanOrEqual(records.length * 1000);
      }
    });

    it('may be waited for without end: that is no error, and nothing else is asked for', async () => {
      const lab = await open();
      lab.put(30);
      const reading = lab.reader();
      await reading.next((_bytes) => sleep(lab.clock, 3 * MINUTE_MS));
      expect(lab.events).toEqual([]);
      await reading.until(30);
      expect(reading.sequenceNumbers).toEqual(reading.expected());
    });
  });

  it('a stop at any moment ends the read at once, with its reason, and leaves nothing behind', async () => {
    for (let turns = 0; turns < 40; turns++) {
      const lab = await open();
      lab.put(10);
      lab.faults.plant({ refused: failure('AWS_UNAVAILABLE') }, turns % 3);
      const stop = new AbortController();
      const reason = failure('LEASE_LOST');
      const { reader } = lab.reader();
      const reading = readOn();
      for (let turn = 0; turn < turns; turn++) {
        await (turn % 4 === 3 ? lab.clock.step() : Promise.resolve());
      }
      stop.abort(reason);
      await expect(reading).rejects.toBe(reason);
      await lab.clock.advance(0);
      expect([lab.clock.pending, lab.faults.subscriptions]).toEqual([0, 0]);

      async function readOn(): Promise<never> {
        try {
          for (;;) {
            await reader.read(stop.signal, admitAll);
          }
        } finally {
          reader.close();
        }
      }
    }
  });

  describe.each(['behind', 'with-records'] as const)('the end of a shard that comes %s', (shardEnd) => {
    const ends: readonly [string, number, (lab: RetrievalLab) => void][] = [
      ['split', 1, (lab) => lab.split()],
      ['merge', 2, (lab) => lab.merge()],
    ];

    it.each(ends)(
      'after a %s names every child, and has all records before it',
      async (_name, shards, close) => {
        const lab = await open({ shards, shardEnd });
        const [first = '', ...others] = lab.shardIds();
        lab.put(30);
        close(lab);
        const children = lab.shardIds().filter((id) => id !== first && !others.includes(id));
        lab.put(10);
        const reading = lab.reader(undefined, first);
        await reading.toEnd();
        expect(reading.sequenceNumbers).toEqual(reading.expected());
        expect(reading.end?.childShards.map(({ shardId }) => shardId).sort()).toEqual(children.sort());
        expect(lab.faults.subscriptions).toBe(0);
        await expect(reading.next()).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
      },
    );

    it('that is read already comes when the shard is closed', async () => {
      const lab = await open({ shardEnd });
      const [first = ''] = lab.shardIds();
      lab.put(5);
      const reading = lab.reader(undefined, first);
      await reading.until(5);
      await reading.next();
      lab.split();
      await reading.toEnd();
      expect(reading.end?.childShards).toHaveLength(2);
    });

    it('is reached after an error at any call', async () => {
      for (let at = 0; at < 8; at++) {
        const lab = await open({ shardEnd });
        const [first = ''] = lab.shardIds();
        lab.put(20);
        lab.split();
        lab.faults.plant({ lost: failure('AWS_UNAVAILABLE') }, at);
        const reading = lab.reader(undefined, first);
        await reading.toEnd();
        expect(reading.sequenceNumbers).toEqual(reading.expected());
      }
    });

    it('is a fact for who starts behind the last record', async () => {
      const lab = await open({ shardEnd });
      const [first = ''] = lab.shardIds();
      lab.put(5);
      lab.split();
      const sequenceNumber = lab.puts(first)[4]?.sequenceNumber ?? '';
      const reading = lab.reader({ type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber }, first);
      await reading.toEnd();
      expect(reading.sequenceNumbers).toEqual([]);
      expect(reading.end?.childShards).toHaveLength(2);
    });
  });

  it('a shard that has passed its retention ends with the children that are listed', async () => {
    const lab = await open();
    const [first = ''] = lab.shardIds();
    lab.put(5);
    lab.split();
    lab.model.model.retain(STREAM, 10_000);
    await lab.clock.advance(MINUTE_MS);
    expect(lab.shardIds()).not.toContain(first);
    const reading = lab.reader(undefined, first);
    await reading.toEnd();
    expect(reading.sequenceNumbers).toEqual([]);
    expect(reading.end?.childShards).toHaveLength(2);
    expect(lab.events).toContain('vanished');
  });

  it('a place that was trimmed means the oldest record that is left', async () => {
    const lab = await open();
    lab.put(10);
    const sequenceNumber = lab.puts()[3]?.sequenceNumber ?? '';
    lab.model.model.retain(STREAM, 10_000);
    await lab.clock.advance(MINUTE_MS);
    lab.put(5);
    const reading = lab.reader({ type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber });
    await reading.until(5);
    expect(reading.sequenceNumbers).toEqual(reading.expected(10));
  });
});

describe('what only a subscription meets', () => {
  const open = (options: LabOptions = {}) => RetrievalLab.open('fan-out', { ...SMALL_EVENTS, ...options });

  it('an event that has waited in the connection claims nothing of the time it waited', async () => {
    const lab = await open({ ahead: 2 });
    lab.put(1);
    const reading = lab.reader();
    await reading.until(1);
    // Two empty events come, and nobody asks for them until there is something behind them.
    await lab.clock.advance(20_000);
    lab.put(5);
    await lab.clock.advance(10_000);
    expect(await reading.next()).toMatchObject({ records: [], millisBehindLatest: 0 });
    await reading.until(6);
  });

  it('what is put at the instant of an empty event is not passed over by its continuation', async () => {
    const lab = await open();
    const reading = lab.reader();
    for (let round = 1; round <= 10; round++) {
      await reading.next();
      lab.put(1);
      lab.faults.plant({ lost: failure('AWS_UNAVAILABLE') });
      await reading.until(round);
    }
    expect(reading.sequenceNumbers).toEqual(reading.expected());
  });

  it.each(['fails', 'expires'] as const)(
    'two workers that want the same shard disturb each other no more than every five seconds (%s)',
    async (takenOver) => {
      const lab = await open({ takenOver });
      const other = lab.retrievalOf('fan-out', 8);
      await lab.clock.run(other.decide(lab.never));
      lab.put(1);
      const old = lab.reader();
      await old.until(1);
      await lab.clock.advance(10_000);
      const young = lab.reader(undefined, undefined, other);
      await young.until(1);
      lab.put(1);
      // The old owner has not heard that its lease is gone: it stands back.
      const reading = old.next();
      await lab.clock.advance(4000);
      const subscribed = lab.faults.calls.filter((call) => call === 'subscribeToShard').length;
      expect(subscribed).toBeLessThanOrEqual(3);
      await young.until(2);
      await reading;
      expect(young.sequenceNumbers).toEqual(young.expected());
      expect(old.sequenceNumbers).toEqual(old.expected());
    },
  );

  it('a hand-over within five seconds of the last subscription waits for the rest of them', async () => {
    const lab = await open();
    lab.put(2);
    const old = lab.reader();
    await old.until(2);
    await lab.clock.advance(2000);
    old.reader.close();
    const young = lab.reader();
    const before = lab.clock.monotonic();
    await young.until(2);
    expect(lab.clock.monotonic() - before).toBeGreaterThan(2500);
    expect(lab.clock.monotonic() - before).toBeLessThan(5000);
  });

  it('a consumer that somebody deregisters is registered again, and reading goes on', async () => {
    const lab = await open({ settleMs: 500 });
    await lab.clock.advance(2000);
    lab.put(10);
    const reading = lab.reader();
    await reading.until(10);
    const { arn } = await lab.model.describeStream({ name: STREAM });
    await lab.model.deregisterStreamConsumer({ streamArn: arn, consumerName: 'app' });
    lab.put(10);
    await reading.until(20);
    expect(reading.sequenceNumbers).toEqual(reading.expected());
    const { status } = await lab.model.describeStreamConsumer({ streamArn: arn, consumerName: 'app' });
    expect(status).toBe('ACTIVE');
  });
});
