import type { StreamConsumer } from '../../../src/aws/fan-out-api';
import type { RetrievalMode } from '../../../src/config/types';
import { ConnectorError, type ErrorCode } from '../../../src/errors';
import { StreamRetrieval, type StreamRetrievalOptions } from '../../../src/retrieval/stream-retrieval';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';
import { ScriptedFanOut, type SubscribeStep } from '../../support/scripted-fan-out';
import { record, ScriptedKinesis } from '../../support/scripted-kinesis';

const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';
const ACTIVE: StreamConsumer = {
  name: 'app',
  arn: `${STREAM}/consumer/app:1`,
  status: 'ACTIVE',
  createdAt: 0,
};
const START = { shardId: 'shardId-000000000000', start: { type: 'TRIM_HORIZON' } } as const;
const failure = (code: ErrorCode, hint?: string): ConnectorError =>
  new ConnectorError(code, `scripted ${code}`, hint === undefined ? {} : { hint });

interface Script {
  readonly described?: StreamConsumer | Error;
  readonly registered?: (StreamConsumer | Error)[];
  readonly subscriptions?: SubscribeStep[];
}

function bench(mode: RetrievalMode, script: Script = {}, options: Partial<StreamRetrievalOptions> = {}) {
  const clock = new ManualClock();
  const kinesis = new ScriptedKinesis([{ records: [record('polled')] }]);
  const fanOut = new ScriptedFanOut(script.subscriptions ?? []);
  fanOut.descriptions.push(script.described ?? ACTIVE);
  fanOut.registrations.push(...(script.registered ?? []));
  const lines: string[] = [];
  const retrieval = new StreamRetrieval({
    kinesis: kinesis as StreamRetrievalOptions['kinesis'],
    fanOut: () => fanOut,
    stream: { name: 'orders' },
    label: 'orders',
    streamArn: async () => STREAM,
    settings: {
      mode,
      consumer: { name: 'app' },
      lifecycle: 'external',
      registrationAttempts: 2,
      activeTimeout: 10_000,
      eventTimeout: 30_000,
    },
    numRetries: 3,
    requestTimeout: 6000,
    maxRecordsPerRead: 100,
    maxReadsPerSecond: 4,
    retry: { clock, random: seededRandom(3), bounds: { initialMs: 100, maxMs: 1000 } },
    logger: { ...silentLogger, info: (_fields, message) => lines.push(message) },
    ...options,
  });
  const { signal } = new AbortController();
  return {
    clock,
    fanOut,
    lines,
    retrieval,
    decide: () => clock.run(retrieval.decide(signal)),
    /** What the first read of a shard hands out. */
    firstRead: async () => {
      const { records } = await clock.run(retrieval.openReader(START).read(signal, async () => undefined));
      return records.map(({ sequenceNumber }) => sequenceNumber);
    },
  };
}

const REFUSED = failure('KINESIS_SHARD_NOT_FOUND');
const pushed = (): SubscribeStep => ({ events: [{ records: [record('pushed')] }] });

test('polling needs no consumer: no client for consumers is made', async () => {
  const clients: number[] = [];
  const { decide, firstRead, retrieval } = bench(
    'polling',
    {},
    {
      fanOut: () => {
        clients.push(1);
        return new ScriptedFanOut();
      },
    },
  );
  await decide();
  expect(await firstRead()).toEqual(['polled']);
  expect([clients, retrieval.consumer]).toEqual([[], undefined]);
});

test('fan-out reads with the consumer that was found', async () => {
  const { decide, firstRead, fanOut, lines } = bench('fan-out', { subscriptions: [pushed()] });
  await decide();
  expect(await firstRead()).toEqual(['pushed']);
  expect(fanOut.subscribed).toEqual([{ consumerArn: ACTIVE.arn, position: START.start }]);
  expect(lines).toEqual([]);
});

test('fan-out without the right ends with what to grant, and the way around it', async () => {
  const { decide } = bench('fan-out', { described: failure('AWS_ACCESS_DENIED', 'Grant this.') });
  await expect(decide()).rejects.toMatchObject({
    code: 'AWS_ACCESS_DENIED',
    hint: 'Grant this. Or set retrievalMode to auto or polling, which need no consumer.',
  });
});

test('fan-out without a free slot ends with that', async () => {
  const limit = failure('KINESIS_CONSUMER_LIMIT');
  const { decide } = bench('fan-out', {
    described: failure('KINESIS_CONSUMER_NOT_FOUND'),
    registered: [limit, limit],
  });
  await expect(decide()).rejects.toBe(limit);
});

describe('auto', () => {
  const limit = failure('KINESIS_CONSUMER_LIMIT');
  const denied = failure('AWS_ACCESS_DENIED');
  const absent = failure('KINESIS_CONSUMER_NOT_FOUND');

  test.each<[string, Script]>([
    ['the consumer may not be looked at', { described: denied }],
    ['it may not be registered', { described: absent, registered: [denied] }],
    ['the stream has no slot free', { described: absent, registered: [limit, limit] }],
    ['nobody may subscribe with it', { subscriptions: [denied] }],
  ])('polls when %s, and says so once with the reason', async (_name, script) => {
    const { decide, firstRead, lines, retrieval } = bench('auto', script);
    await decide();
    await decide();
    expect(await firstRead()).toEqual(['polled']);
    expect(lines).toEqual(['records are read by polling: enhanced fan-out is not to be had']);
    expect(retrieval.consumer).toBeUndefined();
  });

  test('takes fan-out when it may, and says so once', async () => {
    const { decide, firstRead, fanOut, lines } = bench('auto', { subscriptions: [REFUSED, pushed()] });
    await decide();
    expect(await firstRead()).toEqual(['pushed']);
    expect(lines).toEqual(['records are read by enhanced fan-out']);
    expect(fanOut.subscribed).toHaveLength(2);
  });

  test('is not led astray by a service that does not answer, nor by one that takes any shard', async () => {
    const unavailable = failure('AWS_UNAVAILABLE');
    const silent = bench('auto', { subscriptions: [unavailable, unavailable, unavailable, pushed()] });
    await silent.decide();
    expect(await silent.firstRead()).toEqual(['pushed']);
    const lax = bench('auto', { subscriptions: [{ events: [] }, pushed()] });
    await lax.decide();
    expect(lax.fanOut.open).toBe(0);
    expect(await lax.firstRead()).toEqual(['pushed']);
  });

  test('does not poll because of what is wrong otherwise', async () => {
    const { decide } = bench('auto', { described: failure('AWS_CREDENTIALS') });
    await expect(decide()).rejects.toMatchObject({ code: 'AWS_CREDENTIALS' });
  });
});

test('no reader is opened before it is decided how', () => {
  const { retrieval } = bench('polling');
  expect(() => retrieval.openReader(START)).toThrow(expect.objectContaining({ code: 'ILLEGAL_STATE' }));
});

test('closing ends a decision under way and leaves no timer', async () => {
  const { clock, retrieval } = bench('fan-out', { described: { ...ACTIVE, status: 'CREATING' } });
  const deciding = retrieval.decide(new AbortController().signal);
  await clock.advance(100);
  retrieval.close();
  await expect(deciding).rejects.toMatchObject({ code: 'SOURCE_CLOSED' });
  expect(clock.pending).toBe(0);
});
