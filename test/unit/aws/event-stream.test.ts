import { PassThrough } from 'node:stream';
import { EventStreamCodec } from '@smithy/core/event-streams';
import fc from 'fast-check';
import { EventStreamBytes } from '../../../src/aws/event-stream-bytes';
import { frameHeaders } from '../../../src/aws/event-stream-frame';
import { EventStreamReader } from '../../../src/aws/event-stream-reader';
import { EventStreamSubscription } from '../../../src/aws/subscription';
import { eventFrame } from '../../../src/emulator/event-frame';
import { ConnectorError } from '../../../src/errors';
import { systemClock } from '../../../src/util/clock';
import { deferred } from '../../../src/util/deferred';
import { exceptionEvent, INITIAL_RESPONSE, subscriptionEvent } from '../../support/event-server';
import { ManualClock, settle } from '../../support/manual-clock';

const CONTEXT = { service: 'kinesis', action: 'SubscribeToShard', resource: 'orders/shard-1' } as const;
const IDLE_MS = 30_000;

/** A subscription whose bytes the test writes. */
function subscription(clock = new ManualClock()) {
  const body = new PassThrough();
  const bytes = new EventStreamBytes(body, clock, IDLE_MS);
  let closed = 0;
  const answer = {
    frames: new EventStreamReader(bytes),
    serviceTime: undefined,
    close: () => {
      closed++;
      body.destroy();
    },
  };
  return { body, clock, events: new EventStreamSubscription(answer, CONTEXT), closed: () => closed > 0 };
}

/** Data of the events up to the end, or up to the error; the error then. */
async function readAll(events: EventStreamSubscription) {
  const read: Buffer[][] = [];
  try {
    for (let event = await events.next({}); event !== undefined; event = await events.next({})) {
      read.push(event.records.map(({ data }) => Buffer.from(data)));
    }
    return { read, error: undefined };
  } catch (error) {
    return { read, error };
  }
}

const payloads = fc.array(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), {
  minLength: 1,
  maxLength: 5,
});

/** `bytes` in pieces that begin at `cuts`, each a share of the whole. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((share) => Math.floor(share * bytes.length)), bytes.length].sort(
    (a, b) => a - b,
  );
  return places.slice(1).map((place, i) => bytes.subarray(places[i], place));
}

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('an event stream', () => {
  it('gives the same events however its bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(payloads, fc.array(share, { maxLength: 40 }), async (sent, cuts) => {
        const { body, events } = subscription();
        const whole = Buffer.concat([INITIAL_RESPONSE, ...sent.map((data) => subscriptionEvent(data))]);
        const reading = readAll(events);
        for (const piece of pieces(whole, cuts)) {
          body.write(piece);
          await new Promise<void>((resolve) => setImmediate(resolve));
        }
        body.end();
        const { read, error } = await reading;
        expect(error).toBeUndefined();
        expect(read).toEqual(sent.map((data) => data.map((bytes) => Buffer.from(bytes))));
      }),
      { numRuns: 40 },
    );
  });

  it('never gives a wrong record when a byte of it is damaged: the events before it, then an error', async () => {
    const frames = fc.array(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 3 }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(frames, share, fc.integer({ min: 1, max: 255 }), async (sent, where, flip) => {
        const { body, events, closed } = subscription();
        const whole = Buffer.concat([INITIAL_RESPONSE, ...sent.map((data) => subscriptionEvent(data))]);
        const at = Math.floor(where * whole.length);
        whole.writeUInt8(whole.readUInt8(at) ^ flip, at);
        body.end(whole);
        const { read, error } = await readAll(events);
        expect(error).toMatchObject({ code: 'AWS_UNKNOWN' });
        expect(closed()).toBe(true);
        const good = sent.map((data) => data.map((bytes) => Buffer.from(bytes)));
        expect(read).toEqual(good.slice(0, read.length));
        const delivered = sent.slice(0, read.length).map((data) => subscriptionEvent(data));
        expect(at).toBeGreaterThanOrEqual(Buffer.concat(delivered).length);
      }),
      { numRuns: 200 },
    );
  });

  it('whose frame begins with damage is not read on: its length would be believed', async () => {
    const prelude = subscriptionEvent([Buffer.from('a')]).subarray(0, 12);
    for (let at = 0; at < prelude.length; at++) {
      const { body, events } = subscription();
      const damaged = Buffer.from(prelude);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
      body.write(damaged);
      await expect(events.next({})).rejects.toMatchObject({ code: 'AWS_UNKNOWN' });
    }
  });

  it('that ends within an event is unavailable; between two it has come to its end', async () => {
    const frame = subscriptionEvent([Buffer.from('a')]);
    for (const length of [1, 11, 12, 13, frame.length - 1]) {
      const { body, events } = subscription();
      body.end(frame.subarray(0, length));
      expect(await readAll(events)).toMatchObject({ read: [], error: { code: 'AWS_UNAVAILABLE' } });
    }
    const { body, events, closed } = subscription();
    body.end(frame);
    expect(await readAll(events)).toEqual({ read: [[Buffer.from('a')]], error: undefined });
    expect(closed()).toBe(true);
    expect(await events.next({})).toBeUndefined();
  });

  it('whose frame claims more than the specification allows takes no memory for it', async () => {
    const codec = new EventStreamCodec(String, (text) => Buffer.from(text));
    const tooLong = codec.encode({ headers: {}, body: Buffer.alloc(16 * 1024 * 1024 + 1) });
    const { body, events } = subscription();
    body.end(tooLong.subarray(0, 1024));
    expect(await readAll(events)).toMatchObject({ error: { code: 'AWS_UNKNOWN' } });
  });

  it('has its headers of text read from among headers of every type', () => {
    const codec = new EventStreamCodec(
      (bytes) => Buffer.from(bytes).toString(),
      (text) => Buffer.from(text),
    );
    const head = codec.formatHeaders({
      a: { type: 'boolean', value: true },
      b: { type: 'boolean', value: false },
      c: { type: 'byte', value: -1 },
      d: { type: 'short', value: 1 },
      e: { type: 'integer', value: 1 },
      g: { type: 'binary', value: Buffer.from([1, 2, 3]) },
      ':event-type': { type: 'string', value: 'Üb' },
      h: { type: 'timestamp', value: new Date(0) },
      i: { type: 'uuid', value: '00010203-0405-0607-0809-0a0b0c0d0e0f' },
      last: { type: 'string', value: '' },
    });
    expect([...frameHeaders(Buffer.from(head))]).toEqual([
      [':event-type', 'Üb'],
      ['last', ''],
    ]);
  });
});

describe('a subscription', () => {
  it('asks once for room for an event, with its size, and takes it out of the connection only then', async () => {
    const frame = subscriptionEvent([Buffer.alloc(400_000)]);
    const { body, events } = subscription();
    body.write(INITIAL_RESPONSE);
    body.write(frame);
    const asked: number[] = [];
    const room = deferred<void>();
    const next = events.next({
      admit: (bytes) => {
        asked.push(bytes);
        return room.promise;
      },
    });
    await settle();
    expect(asked).toEqual([frame.length]);
    expect(body.readableLength + body.writableLength).toBeGreaterThan(400_000);
    room.resolve();
    expect((await next)?.records).toHaveLength(1);
    expect(asked).toEqual([frame.length]);
  });

  it('leaves in the connection what was not asked for', async () => {
    const { body, events } = subscription();
    const frame = subscriptionEvent([Buffer.alloc(1_000)]);
    body.write(Buffer.concat([frame, frame]));
    await events.next({});
    await settle();
    expect(body.readableLength).toBe(frame.length);
  });

  it('passes over events that it does not know', async () => {
    const { body, events } = subscription();
    body.write(eventFrame({ ':message-type': 'event', ':event-type': 'Novelty' }, 'x'));
    body.write(eventFrame({ ':message-type': 'news' }, ''));
    body.end(subscriptionEvent([Buffer.from('a')], '7', { MillisBehindLatest: 9 }));
    const asked: number[] = [];
    const event = await events.next({ admit: async (bytes) => void asked.push(bytes) });
    expect(event).toMatchObject({ continuation: '7', millisBehindLatest: 9, childShards: [] });
    expect(asked).toHaveLength(1);
  });

  it('names the children in the last event of a shard', async () => {
    const { body, events } = subscription();
    const range = { StartingHashKey: '0', EndingHashKey: '9' };
    const child = { ShardId: 'shard-2', ParentShards: ['shard-1'], HashKeyRange: range };
    body.end(subscriptionEvent([], undefined, { ContinuationSequenceNumber: null, ChildShards: [child] }));
    expect(await events.next({})).toEqual({
      records: [],
      continuation: undefined,
      millisBehindLatest: 0,
      childShards: [
        { shardId: 'shard-2', parentShards: ['shard-1'], startingHashKey: '0', endingHashKey: '9' },
      ],
    });
  });

  it.each([
    [
      'ResourceInUseException',
      'Another active subscription exists for this consumer: 1:s',
      'KINESIS_SUBSCRIPTION_IN_USE',
    ],
    [
      'ResourceInUseException',
      'Consumer c under stream: s is not in ACTIVE status.',
      'KINESIS_CONSUMER_NOT_READY',
    ],
    ['ResourceNotFoundException', 'Shard shard-1 in stream s does not exist', 'KINESIS_SHARD_NOT_FOUND'],
    ['ResourceNotFoundException', 'Consumer arn:c not found.', 'KINESIS_CONSUMER_NOT_FOUND'],
    ['ResourceNotFoundException', 'Stream s under account 1 not found.', 'KINESIS_STREAM_NOT_FOUND'],
    ['KMSDisabledException', 'key', 'KINESIS_KMS'],
    ['KMSThrottlingException', 'slower', 'AWS_THROTTLED'],
    ['InternalFailureException', '', 'AWS_UNAVAILABLE'],
    ['Unheard', '', 'AWS_UNKNOWN'],
  ])('ends with the exception %s "%s" as %s', async (type, message, code) => {
    const { body, events, closed } = subscription();
    body.write(exceptionEvent(type, message));
    const { error } = await readAll(events);
    expect(error).toMatchObject({ code, cause: { name: type, message } });
    expect(closed()).toBe(true);
    await expect(events.next({})).rejects.toBe(error);
  });

  it('ends with an error of the service that is not modelled', async () => {
    const { body, events } = subscription();
    body.write(
      eventFrame({ ':message-type': 'error', ':error-code': 'InternalFailure', ':error-message': 'oh' }, ''),
    );
    expect(await readAll(events)).toMatchObject({
      error: { code: 'AWS_UNAVAILABLE', cause: { name: 'InternalFailure', message: 'oh' } },
    });
  });

  it('is given up when nothing comes for too long; time spent waiting for room does not count', async () => {
    const { body, clock, events, closed } = subscription();
    const frame = subscriptionEvent([Buffer.from('a')]);
    const room = deferred<void>();
    const first = events.next({ admit: () => room.promise });
    await clock.advance(IDLE_MS - 1);
    body.write(frame.subarray(0, -5));
    await settle();
    await clock.advance(IDLE_MS * 10);
    room.resolve();
    await settle();
    await clock.advance(IDLE_MS - 1);
    body.write(frame.subarray(-5));
    expect((await first)?.records).toHaveLength(1);

    const second = events.next({});
    const ended = expect(second).rejects.toMatchObject({ code: 'AWS_TIMEOUT' });
    await clock.advance(IDLE_MS);
    await ended;
    expect(closed()).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('ends at once when the signal fires, wherever it waits', async () => {
    const places: readonly [string, Buffer | undefined][] = [
      ['for an event', undefined],
      ['for room', subscriptionEvent([Buffer.from('a')])],
      ['within an event', subscriptionEvent([Buffer.from('a')]).subarray(0, 20)],
    ];
    for (const [, written] of places) {
      const { body, clock, events, closed } = subscription();
      const reason = new ConnectorError('LEASE_LOST', 'gone');
      const stop = new AbortController();
      const next = events.next({ signal: stop.signal, admit: () => new Promise(() => undefined) });
      if (written !== undefined) {
        body.write(written);
      }
      await settle();
      stop.abort(reason);
      await expect(next).rejects.toBe(reason);
      expect(closed()).toBe(true);
      expect(clock.pending).toBe(0);
      await expect(events.next({})).rejects.toBe(reason);
    }
  });

  it('ends a call under way when it is closed', async () => {
    const { events, closed } = subscription();
    const next = events.next({});
    events.close();
    events.close();
    await expect(next).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
    expect(closed()).toBe(true);
  });

  it('throws what admission is refused with, untouched', async () => {
    const { body, events, closed } = subscription();
    body.write(subscriptionEvent([]));
    const refusal = Object.freeze(new Error('no room'));
    await expect(events.next({ admit: () => Promise.reject(refusal) })).rejects.toBe(refusal);
    expect(closed()).toBe(true);
  });

  it('reports a connection that broke while nobody was reading', async () => {
    const { body, events } = subscription(undefined);
    body.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    await settle();
    await expect(events.next({})).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
  });

  it('reports a connection that broke before anybody could listen', async () => {
    const body = new PassThrough();
    body.on('error', () => undefined);
    body.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    await settle();
    const bytes = new EventStreamBytes(body, systemClock, IDLE_MS);
    await expect(bytes.fill(Buffer.alloc(1), new AbortController().signal)).rejects.toThrow('reset');
  });
});
