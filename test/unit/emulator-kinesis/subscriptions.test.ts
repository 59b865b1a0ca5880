import fc from 'fast-check';
import { ServiceError } from '../../../src/emulator/service-model';
import { refusalOf } from '../../support/refusal';
import { FanOutLab, LOWER, ROOT, UPPER } from './fan-out-lab';

const MINUTE = 60_000;

const errorOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'no error';
  } catch (error) {
    return error instanceof ServiceError ? `${error.type}: ${error.message}` : String(error);
  }
};

const IN_USE =
  'ResourceInUseException: Another active subscription exists for this consumer: ' +
  '000000000000:orders:shardId-000000000000:app';

describe('a subscription to a shard', () => {
  test('brings what is there at once, then each put as soon as it is done', async () => {
    const lab = new FanOutLab();
    lab.put('a');
    lab.put('b');
    const subscription = lab.subscribe(lab.register());
    expect(await lab.arrival(subscription)).toEqual([0, ['a', 'b']]);
    const waiting = lab.wait(subscription);
    await lab.clock.advance(700);
    const SequenceNumber = lab.put('c');
    expect(await lab.clock.run(waiting)).toEqual({
      Records: [
        {
          SequenceNumber,
          ApproximateArrivalTimestamp: lab.clock.now() / 1000,
          Data: Buffer.from('c').toString('base64'),
          PartitionKey: 'key',
        },
      ],
      ContinuationSequenceNumber: SequenceNumber,
      MillisBehindLatest: 0,
    });
    expect(lab.clock.monotonic()).toBe(700);
  });

  test('starts where it was asked to', async () => {
    const lab = new FanOutLab();
    const numbers: string[] = [];
    for (const text of ['a', 'b', 'c']) {
      await lab.clock.advance(1_000);
      numbers.push(lab.put(text));
    }
    const SequenceNumber = numbers[1];
    const Timestamp = lab.clock.now() / 1000 - 1;
    const read = (start: Parameters<FanOutLab['subscribe']>[1], name: string) =>
      lab.texts(lab.subscribe(lab.register(name), start));
    expect(await read({ Type: 'TRIM_HORIZON' }, 'h')).toEqual(['a', 'b', 'c']);
    expect(await read({ Type: 'AT_SEQUENCE_NUMBER', SequenceNumber }, 'at')).toEqual(['b', 'c']);
    expect(await read({ Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber }, 'after')).toEqual(['c']);
    expect(await read({ Type: 'AT_TIMESTAMP', Timestamp }, 'time')).toEqual(['b', 'c']);
    const latest = lab.subscribe(lab.register('latest'), { Type: 'LATEST' });
    lab.put('d');
    expect(await lab.texts(latest)).toEqual(['d']);
  });

  test.each([
    ['a sequence number with TRIM_HORIZON', { Type: 'TRIM_HORIZON', SequenceNumber: '1' }],
    ['AT_SEQUENCE_NUMBER without one', { Type: 'AT_SEQUENCE_NUMBER' }],
    ['a number that is none', { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: '1' }],
    ['AT_TIMESTAMP without one', { Type: 'AT_TIMESTAMP' }],
    ['an instant that has not come', { Type: 'AT_TIMESTAMP', Timestamp: 32_503_680_000 }],
  ] as const)('%s is refused', (_what, start) => {
    const lab = new FanOutLab();
    const arn = lab.register();
    expect(refusalOf(() => lab.subscribe(arn, start))).toBe('InvalidArgumentException');
    expect(refusalOf(() => lab.subscribe(arn))).toBe('accepted');
  });

  test('a trimmed position starts at the horizon', async () => {
    const lab = new FanOutLab();
    const SequenceNumber = lab.put('a');
    lab.put('b');
    await lab.clock.advance(10_000);
    lab.put('c');
    lab.retain(5_000);
    const at = lab.subscribe(lab.register('at'), { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber });
    const after = lab.subscribe(lab.register('after'), { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber });
    expect([await lab.texts(at), await lab.texts(after)]).toEqual([['c'], ['c']]);
  });

  test('an empty event comes every 5 s, and its continuation misses nothing', async () => {
    const lab = new FanOutLab();
    lab.put('before');
    const subscription = lab.subscribe(lab.register(), { Type: 'LATEST' });
    expect(await lab.arrival(subscription)).toEqual([5_000, []]);
    const begun = lab.clock.monotonic();
    const empty = await lab.next(subscription);
    expect([lab.clock.monotonic() - begun, empty?.MillisBehindLatest]).toEqual([5_000, 0]);
    lab.put('a');
    const SequenceNumber = empty?.ContinuationSequenceNumber;
    const resumed = lab.subscribe(lab.register('two'), { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber });
    expect(await lab.texts(resumed)).toEqual(['a']);
  });

  test('an empty event is due 5 s after the last event, whatever it held', async () => {
    const lab = new FanOutLab();
    const subscription = lab.subscribe(lab.register());
    await lab.clock.advance(3_000);
    lab.put('a');
    expect(await lab.arrival(subscription)).toEqual([0, ['a']]);
    expect(await lab.arrival(subscription)).toEqual([5_000, []]);
  });

  test('lives five minutes, then ends without an error', async () => {
    const lab = new FanOutLab();
    const subscription = lab.subscribe(lab.register());
    let events = 0;
    while ((await lab.next(subscription)) !== undefined) {
      events++;
    }
    expect([events, lab.clock.monotonic()]).toEqual([59, 5 * MINUTE]);
    expect(await lab.next(subscription)).toBeUndefined();
    expect(lab.clock.pending).toBe(0);
  });

  test('life and heartbeat are settable', async () => {
    const lab = new FanOutLab({ subscriptionMs: 250, heartbeatMs: 100 });
    const subscription = lab.subscribe(lab.register());
    const seen = [
      await lab.arrival(subscription),
      await lab.arrival(subscription),
      await lab.arrival(subscription),
    ];
    expect(seen).toEqual([
      [100, []],
      [100, []],
      [50, 'ended'],
    ]);
  });

  test('what nobody asked for stays in the shard: a late reader gets it in one piece, and nothing behind its life', async () => {
    const lab = new FanOutLab();
    const subscription = lab.subscribe(lab.register());
    for (let minute = 0; minute < 4; minute++) {
      lab.put(`minute ${minute}`);
      await lab.clock.advance(MINUTE);
    }
    expect(lab.clock.pending).toBe(0);
    expect(await lab.texts(subscription)).toEqual(['minute 0', 'minute 1', 'minute 2', 'minute 3']);
    lab.put('late');
    await lab.clock.advance(MINUTE);
    expect(await lab.texts(subscription)).toBeUndefined();
  });

  test.each([['behind'], ['with-records']] as const)(
    'the end of a shard, %s, names the children, has no continuation and is the last event',
    async (shardEnd) => {
      const lab = new FanOutLab({ shardEnd });
      const subscription = lab.subscribe(lab.register());
      lab.put('a');
      lab.split();
      if (shardEnd === 'behind') {
        expect(await lab.texts(subscription)).toEqual(['a']);
      }
      const last = await lab.next(subscription);
      expect(last).toMatchObject({
        Records: shardEnd === 'behind' ? [] : [{ PartitionKey: 'key' }],
        ChildShards: [
          { ShardId: LOWER, ParentShards: [ROOT] },
          { ShardId: UPPER, ParentShards: [ROOT] },
        ],
      });
      expect(last).not.toHaveProperty('ContinuationSequenceNumber');
      expect(await lab.next(subscription)).toBeUndefined();
    },
  );

  test('a reader that waits is told the end of the shard at once, also when the split takes time', async () => {
    const lab = new FanOutLab({ settleMs: 800 });
    await lab.clock.advance(800);
    const arn = lab.register();
    await lab.clock.advance(800);
    const subscription = lab.subscribe(arn);
    const waiting = lab.wait(subscription);
    const begun = lab.clock.monotonic();
    lab.split();
    const last = await lab.clock.run(waiting);
    expect([last?.ChildShards?.length, lab.clock.monotonic() - begun]).toEqual([2, 800]);
  });

  test('a merge is told to both parents, with the one child', async () => {
    const lab = new FanOutLab();
    lab.split();
    const arn = lab.register();
    const both = [LOWER, UPPER].map((shardId) => lab.subscribe(arn, { Type: 'LATEST' }, shardId));
    const waiting = both.map((subscription) => lab.wait(subscription));
    const [ShardToMerge, AdjacentShardToMerge] = [LOWER, UPPER];
    lab.kinesis.call('MergeShards', { StreamName: 'orders', ShardToMerge, AdjacentShardToMerge });
    for (const one of waiting) {
      expect((await lab.clock.run(one))?.ChildShards).toMatchObject([{ ParentShards: [LOWER, UPPER] }]);
    }
    expect(lab.clock.monotonic()).toBe(0);
  });

  test('ends with an error when the stream is deleted, or the consumer', async () => {
    const deleted = new FanOutLab();
    const first = deleted.wait(deleted.subscribe(deleted.register()));
    deleted.delete();
    expect(await errorOf(first)).toBe(
      'ResourceNotFoundException: Stream orders under account 000000000000 not found.',
    );
    const deregistered = new FanOutLab();
    const ConsumerARN = deregistered.register();
    const subscription = deregistered.subscribe(ConsumerARN);
    const second = deregistered.wait(subscription);
    deregistered.kinesis.call('DeregisterStreamConsumer', { ConsumerARN });
    expect(await errorOf(second)).toMatch(/^ResourceNotFoundException: Consumer arn:.* not found\.$/);
    expect(await deregistered.next(subscription)).toBeUndefined();
  });

  test('an event holds at most 1 MiB; a larger record goes alone', async () => {
    const lab = new FanOutLab();
    lab.kinesis.call('UpdateMaxRecordSize', { StreamARN: lab.streamArn, MaxRecordSizeInKiB: 10_240 });
    const half = 'x'.repeat(512 * 1024 - 1);
    for (const text of [half, half, half, 'y'.repeat(10 * 1024 * 1024 - 1), 'z']) {
      lab.put(text, 'k');
    }
    const subscription = lab.subscribe(lab.register());
    const sizes: number[][] = [];
    for (let event = 0; event < 4; event++) {
      sizes.push(((await lab.texts(subscription)) ?? []).map((text) => text.length));
    }
    expect(sizes).toEqual([[524_287, 524_287], [524_287], [10_485_759], [1]]);
  });

  test('MillisBehindLatest is the age of the first record that an event leaves behind', async () => {
    const lab = new FanOutLab({ eventBytes: 1 });
    lab.put('a');
    await lab.clock.advance(200);
    lab.put('b');
    await lab.clock.advance(300);
    const subscription = lab.subscribe(lab.register());
    expect([
      (await lab.next(subscription))?.MillisBehindLatest,
      (await lab.next(subscription))?.MillisBehindLatest,
    ]).toEqual([300, 0]);
  });

  test('an empty record is an event like any other', async () => {
    const lab = new FanOutLab();
    lab.put('');
    expect(await lab.texts(lab.subscribe(lab.register()))).toEqual(['']);
  });

  test('a wait ends with the reason of its signal, and leaves no timer', async () => {
    const lab = new FanOutLab();
    const subscription = lab.subscribe(lab.register());
    const controller = new AbortController();
    const waiting = subscription.next(controller.signal);
    await lab.clock.advance(100);
    controller.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    expect(lab.clock.pending).toBe(0);
    lab.put('a');
    expect(await lab.texts(subscription)).toEqual(['a']);
  });

  test('a closed one ends a wait that is under way', async () => {
    const lab = new FanOutLab();
    const subscription = lab.subscribe(lab.register());
    const waiting = lab.wait(subscription);
    await lab.clock.advance(1);
    subscription.close();
    subscription.close();
    expect(await lab.clock.run(waiting)).toBeUndefined();
    expect(lab.clock.pending).toBe(0);
  });

  test('resuming each time from the last continuation gives every record once, wherever lives end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(4_000), { minLength: 1, maxLength: 25 }),
        fc.integer({ min: 5_000, max: 9_000 }),
        fc.integer({ min: 1, max: 400 }),
        fc.constantFrom('behind' as const, 'with-records' as const),
        async (pauses, subscriptionMs, eventBytes, shardEnd) => {
          const lab = new FanOutLab({ subscriptionMs, heartbeatMs: 1_000, eventBytes, shardEnd });
          const arn = lab.register();
          const put: string[] = [];
          const producing = (async () => {
            for (const [index, pause] of pauses.entries()) {
              await new Promise<void>((resolve) => {
                lab.clock.setTimer(resolve, pause);
              });
              put.push(`record ${index}`);
              lab.put(`record ${index}`, 'x'.repeat(1 + (index % 7) * 30));
            }
            lab.split();
          })();
          const read: string[] = [];
          const reading = (async () => {
            for (let continuation: string | undefined = ''; continuation !== undefined; ) {
              const subscription = lab.subscribe(
                arn,
                continuation === ''
                  ? { Type: 'TRIM_HORIZON' }
                  : { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: continuation },
              );
              for (;;) {
                const event = await subscription.next(lab.never);
                if (event === undefined) {
                  break;
                }
                read.push(...event.Records.map(({ Data }) => Buffer.from(Data, 'base64').toString()));
                continuation = event.ContinuationSequenceNumber;
              }
            }
          })();
          await lab.clock.run(Promise.all([producing, reading]));
          expect(read).toEqual(put);
          expect(lab.clock.pending).toBe(0);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('two subscriptions of one consumer to one shard', () => {
  test('a second call within 5 s of a successful one is refused, also when that subscription is over', async () => {
    const lab = new FanOutLab();
    const arn = lab.register();
    const first = lab.subscribe(arn);
    await lab.clock.advance(4_999);
    expect(await errorOf(Promise.resolve().then(() => lab.subscribe(arn)))).toBe(IN_USE);
    first.close();
    expect(refusalOf(() => lab.subscribe(arn))).toBe('ResourceInUseException');
    await lab.clock.advance(1);
    expect(refusalOf(() => lab.subscribe(arn))).toBe('accepted');
  });

  test('from 5 s on the new one takes over, and the old one fails', async () => {
    const lab = new FanOutLab();
    const arn = lab.register();
    const old = lab.subscribe(arn);
    const waiting = lab.wait(old);
    await lab.clock.advance(4_999);
    await lab.clock.advance(1);
    await waiting;
    const again = lab.wait(old);
    const young = lab.subscribe(arn);
    lab.put('a');
    expect(await errorOf(again)).toBe(IN_USE);
    expect([await lab.next(old), await lab.texts(young)]).toEqual([undefined, ['a']]);
  });

  test('or the old one ends without an error, when the emulator is told so', async () => {
    const lab = new FanOutLab({ takenOver: 'expires' });
    const arn = lab.register();
    const old = lab.subscribe(arn);
    await lab.clock.advance(5_000);
    lab.subscribe(arn);
    lab.put('a');
    expect(await lab.next(old)).toBeUndefined();
  });

  test('a refused call neither counts as a successful one nor disturbs the subscription', async () => {
    const lab = new FanOutLab();
    const arn = lab.register();
    const subscription = lab.subscribe(arn);
    await lab.clock.advance(3_000);
    expect(refusalOf(() => lab.subscribe(arn))).toBe('ResourceInUseException');
    lab.put('a');
    expect(await lab.texts(subscription)).toEqual(['a']);
    await lab.clock.advance(2_000);
    expect(refusalOf(() => lab.subscribe(arn))).toBe('accepted');
  });

  test('other consumers and other shards do not matter', () => {
    const lab = new FanOutLab();
    lab.split();
    const arn = lab.register();
    lab.subscribe(arn);
    expect([
      refusalOf(() => lab.subscribe(arn, { Type: 'LATEST' }, LOWER)),
      refusalOf(() => lab.subscribe(lab.register('other'))),
    ]).toEqual(['accepted', 'accepted']);
  });
});

describe('a subscription as the wire meets it', () => {
  test('events are named and hold the JSON of the API', async () => {
    const lab = new FanOutLab();
    lab.put('a', 'key "quoted" \u2028 ü');
    lab.split();
    const ConsumerARN = lab.register();
    const input = { ConsumerARN, ShardId: ROOT, StartingPosition: { Type: 'TRIM_HORIZON' } } as const;
    const events = lab.kinesis.openEvents('SubscribeToShard', input);
    const first = await events.next(lab.never);
    const last = await events.next(lab.never);
    expect([first?.type, last?.type, await events.next(lab.never)]).toEqual([
      'SubscribeToShardEvent',
      'SubscribeToShardEvent',
      undefined,
    ]);
    expect(JSON.parse(first?.text ?? '')).toMatchObject({
      Records: [{ Data: 'YQ==', PartitionKey: 'key "quoted" \u2028 ü' }],
      ContinuationSequenceNumber: expect.stringMatching(/^\d{56}$/),
    });
    expect(JSON.parse(last?.text ?? '')).toEqual({
      Records: [],
      MillisBehindLatest: 0,
      ChildShards: [expect.objectContaining({ ShardId: LOWER }), expect.objectContaining({ ShardId: UPPER })],
    });
  });

  test('it is no operation that is answered at once, and no other one streams', () => {
    const lab = new FanOutLab();
    expect([
      refusalOf(() => lab.kinesis.invoke('SubscribeToShard', {})),
      refusalOf(() => lab.kinesis.openEvents('GetRecords', {})),
      refusalOf(() => lab.kinesis.openEvents('SubscribeToShard', {})),
      lab.kinesis.eventOperations,
    ]).toEqual([
      'UnknownOperationException',
      'UnknownOperationException',
      'ValidationException',
      ['SubscribeToShard'],
    ]);
  });
});
