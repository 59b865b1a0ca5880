import type { StreamConsumer } from '../../../src/aws/fan-out-api';
import { ConnectorError, type ErrorCode } from '../../../src/errors';
import {
  ConsumerRegistration,
  type ConsumerRegistrationOptions,
} from '../../../src/retrieval/consumer-registration';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';
import { ScriptedFanOut } from '../../support/scripted-fan-out';

const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';
const never = (): AbortSignal => new AbortController().signal;
const failure = (code: ErrorCode): ConnectorError => new ConnectorError(code, `scripted ${code}`);
const NOT_FOUND = failure('KINESIS_CONSUMER_NOT_FOUND');
const LIMIT = failure('KINESIS_CONSUMER_LIMIT');

const consumer = (status: StreamConsumer['status'], made = 1): StreamConsumer => ({
  name: 'app',
  arn: `${STREAM}/consumer/app:${made}`,
  status,
  createdAt: made * 1000,
});

function bench(
  script: {
    readonly descriptions: (StreamConsumer | Error)[];
    readonly registrations?: (StreamConsumer | Error)[];
  },
  options: Partial<ConsumerRegistrationOptions> = {},
) {
  const clock = new ManualClock();
  const fanOut = new ScriptedFanOut();
  fanOut.descriptions.push(...script.descriptions);
  fanOut.registrations.push(...(script.registrations ?? []));
  const registration = new ConsumerRegistration({
    fanOut,
    streamArn: async () => STREAM,
    consumer: { name: 'app' },
    attempts: 4,
    activeTimeout: 60_000,
    retry: { clock, random: seededRandom(3), bounds: { initialMs: 100, maxMs: 1000 } },
    logger: silentLogger,
    ...options,
  });
  return { clock, fanOut, registration, arn: () => clock.run(registration.arn(never())) };
}

describe('the fan-out consumer', () => {
  it('that is there is used, and nothing is registered', async () => {
    const { arn, fanOut } = bench({ descriptions: [consumer('ACTIVE')] });
    expect(await arn()).toBe(`${STREAM}/consumer/app:1`);
    expect(fanOut.calls).toEqual(['describe app']);
  });

  it('that is not there is registered, and waited for until it is ACTIVE', async () => {
    const { arn, fanOut, clock } = bench({
      descriptions: [NOT_FOUND, consumer('CREATING'), consumer('CREATING'), consumer('ACTIVE')],
      registrations: [consumer('CREATING')],
    });
    expect(await arn()).toBe(`${STREAM}/consumer/app:1`);
    expect(fanOut.calls.filter((call) => call.startsWith('register'))).toEqual(['register app']);
    expect(clock.monotonic()).toBeGreaterThan(2000);
    expect(clock.monotonic()).toBeLessThan(4000);
  });

  it.each(['KINESIS_CONSUMER_NOT_READY', 'KINESIS_STREAM_NOT_READY'] as const)(
    'that another worker registers at the same moment (%s) is used like one of ours',
    async (code) => {
      const { arn, fanOut } = bench({
        descriptions: [NOT_FOUND, consumer('CREATING'), consumer('ACTIVE')],
        registrations: [failure(code)],
      });
      expect(await arn()).toBe(`${STREAM}/consumer/app:1`);
      expect(fanOut.calls.filter((call) => call.startsWith('register'))).toHaveLength(1);
    },
  );

  it('is used when it was registered by a call that was never answered', async () => {
    const { arn, fanOut } = bench({
      descriptions: [NOT_FOUND, consumer('ACTIVE')],
      registrations: [failure('AWS_TIMEOUT')],
    });
    expect(await arn()).toBe(`${STREAM}/consumer/app:1`);
    expect(fanOut.calls).toEqual(['describe app', 'register app', 'describe app']);
  });

  it('that is being deleted is waited out and registered anew', async () => {
    const { arn } = bench({
      descriptions: [consumer('DELETING'), consumer('DELETING'), NOT_FOUND, consumer('ACTIVE', 2)],
      registrations: [consumer('CREATING', 2)],
    });
    expect(await arn()).toBe(`${STREAM}/consumer/app:2`);
  });

  it('is registered once too many others being made are done', async () => {
    const { arn, fanOut } = bench({
      descriptions: [NOT_FOUND],
      registrations: [LIMIT, LIMIT, LIMIT, consumer('ACTIVE')],
    });
    expect(await arn()).toBe(`${STREAM}/consumer/app:1`);
    expect(fanOut.calls.filter((call) => call.startsWith('register'))).toHaveLength(4);
  });

  it('is given up after so many refusals for a limit as are allowed', async () => {
    const { arn, fanOut } = bench({
      descriptions: [NOT_FOUND],
      registrations: [LIMIT, LIMIT, LIMIT, LIMIT, LIMIT],
    });
    await expect(arn()).rejects.toBe(LIMIT);
    expect(fanOut.calls.filter((call) => call.startsWith('register'))).toHaveLength(4);
  });

  it('that a stream does not take in time, because it is being resharded, is given up for that reason', async () => {
    const notReady = failure('KINESIS_STREAM_NOT_READY');
    const { arn } = bench({
      descriptions: [NOT_FOUND],
      registrations: new Array(100).fill(notReady),
    });
    await expect(arn()).rejects.toBe(notReady);
  });

  it('that never becomes ACTIVE is given up in time, by name and status', async () => {
    const { arn, clock } = bench({ descriptions: [consumer('CREATING')] });
    await expect(arn()).rejects.toMatchObject({
      code: 'KINESIS_CONSUMER_NOT_READY',
      message: 'consumer app is not ACTIVE',
      found: 'CREATING',
    });
    expect(clock.monotonic()).toBeLessThan(62_000);
  });

  it.each(['AWS_ACCESS_DENIED', 'AWS_REQUEST_REFUSED'] as const)(
    'is not tried for again after %s',
    async (code) => {
      const describing = bench({ descriptions: [failure(code)] });
      await expect(describing.arn()).rejects.toMatchObject({ code });
      const registering = bench({ descriptions: [NOT_FOUND], registrations: [failure(code)] });
      await expect(registering.arn()).rejects.toMatchObject({ code });
      expect(registering.fanOut.calls).toEqual(['describe app', 'register app']);
    },
  );

  it('given by its ARN is used as it is, and never registered', async () => {
    const given = { consumer: { arn: `${STREAM}/consumer/theirs:9` } };
    const there = bench({ descriptions: [consumer('ACTIVE', 9)] }, given);
    expect(await there.arn()).toBe(`${STREAM}/consumer/app:9`);
    expect(there.fanOut.calls).toEqual([`describe ${STREAM}/consumer/theirs:9`]);
    const gone = bench({ descriptions: [NOT_FOUND] }, given);
    await expect(gone.arn()).rejects.toMatchObject({ code: 'KINESIS_CONSUMER_NOT_FOUND' });
    expect(gone.fanOut.calls.every((call) => call.startsWith('describe'))).toBe(true);
  });

  it('given by its ARN must belong to the stream', async () => {
    const arn = `${STREAM}-archive/consumer/theirs:9`;
    const other = bench({ descriptions: [] }, { consumer: { arn } });
    await expect(other.arn()).rejects.toMatchObject({ expected: `a consumer of ${STREAM}`, found: arn });
    expect(other.fanOut.calls).toEqual([]);
  });
});

describe('many readers', () => {
  it('share one registration, and one look when the consumer is gone', async () => {
    const { clock, fanOut, registration } = bench({
      descriptions: [NOT_FOUND, consumer('ACTIVE'), NOT_FOUND, consumer('ACTIVE', 2)],
      registrations: [consumer('CREATING'), consumer('CREATING', 2)],
    });
    const all = () => clock.run(Promise.all(Array.from({ length: 20 }, () => registration.arn(never()))));
    const first = await all();
    expect(new Set(first)).toEqual(new Set([`${STREAM}/consumer/app:1`]));
    const looks = fanOut.calls.length;
    for (const arn of first) {
      registration.lost(arn);
    }
    expect(new Set(await all())).toEqual(new Set([`${STREAM}/consumer/app:2`]));
    registration.lost(`${STREAM}/consumer/app:1`);
    await all();
    expect(fanOut.calls).toHaveLength(2 * looks);
  });

  it('all hear of a failure, and the next who asks begins anew', async () => {
    const { clock, registration } = bench({
      descriptions: [failure('AWS_ACCESS_DENIED'), consumer('ACTIVE')],
    });
    const asked = [1, 2, 3].map(() => registration.arn(never()));
    const heard = await clock.run(Promise.allSettled(asked));
    expect(heard.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await clock.run(registration.arn(never()))).toBe(`${STREAM}/consumer/app:1`);
  });

  it('may each stop waiting without a harm to the others', async () => {
    const { clock, registration } = bench({ descriptions: [consumer('CREATING'), consumer('ACTIVE')] });
    const stop = new AbortController();
    const one = registration.arn(stop.signal);
    const other = registration.arn(never());
    stop.abort(failure('LEASE_LOST'));
    await expect(one).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await clock.run(other)).toBe(`${STREAM}/consumer/app:1`);
  });

  it('are all let go when the registration is closed, which leaves no timer', async () => {
    const { clock, registration } = bench({ descriptions: [consumer('CREATING')] });
    const waiting = registration.arn(never());
    await clock.advance(1);
    registration.close();
    await expect(waiting).rejects.toMatchObject({ code: 'SOURCE_CLOSED' });
    expect(clock.pending).toBe(0);
  });
});

describe('deregistering', () => {
  it('names the consumer that was used, and does nothing when none was', async () => {
    const { fanOut, registration, arn } = bench({ descriptions: [consumer('ACTIVE')] });
    await registration.deregister(never());
    expect(fanOut.deregistered).toEqual([]);
    await arn();
    await registration.deregister(never());
    expect(fanOut.deregistered).toEqual([{ consumerArn: `${STREAM}/consumer/app:1` }]);
  });

  it('takes a consumer that is gone already for done', async () => {
    const { fanOut, registration, arn } = bench({ descriptions: [consumer('ACTIVE')] });
    await arn();
    fanOut.deregisterStreamConsumer = () => Promise.reject(NOT_FOUND);
    await expect(registration.deregister(never())).resolves.toBeUndefined();
  });
});
