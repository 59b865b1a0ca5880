import { ConnectorError } from '../../../src/errors';
import { removeConsumer } from '../../../src/retrieval/consumer-removal';
import { silentLogger } from '../../../src/util/logger';
import { ManualClock } from '../../support/manual-clock';

/** @param looks what looks at the table find, first come first */
function bench(looks: (boolean | Error)[], deregister = async (): Promise<void> => undefined) {
  const clock = new ManualClock();
  const done: string[] = [];
  const stop = new AbortController();
  const removing = removeConsumer(
    {
      consumer: {
        deregister: async () => {
          await deregister();
          done.push(`deregistered at ${clock.monotonic()}`);
        },
      },
      inUse: async () => {
        const found = looks.shift() ?? false;
        if (found instanceof Error) {
          throw found;
        }
        return found;
      },
      takeTime: 4000,
      clock,
      logger: { ...silentLogger, warn: (_fields, message) => done.push(message) },
    },
    stop.signal,
  );
  return { clock, done, stop, removing, run: () => clock.run(removing) };
}

const STAYS = 'the fan-out consumer stays registered, and is paid for, until somebody deregisters it';

test('the last worker deregisters the consumer, once any other would have taken its leases', async () => {
  const { run, done } = bench([false, false]);
  await run();
  expect(done).toEqual(['deregistered at 4000']);
});

test('a worker that holds a lease keeps the consumer', async () => {
  const { run, done, clock } = bench([true]);
  await run();
  expect([done, clock.monotonic()]).toEqual([[], 0]);
});

test('a worker that held nothing and takes what was given up keeps the consumer', async () => {
  const { run, done } = bench([false, true]);
  await run();
  expect(done).toEqual([]);
});

test('in doubt the consumer stays, and the log says so: no time left, no look at the table, no right', async () => {
  const late = bench([false, false]);
  await late.clock.advance(1000);
  late.stop.abort(new Error('the time is up'));
  await late.run();
  const denied = new ConnectorError('AWS_ACCESS_DENIED', 'scripted');
  const blind = bench([denied]);
  await blind.run();
  const refused = bench([false, false], () => Promise.reject(denied));
  await refused.run();
  expect([late.done, blind.done, refused.done]).toEqual([[STAYS], [STAYS], [STAYS]]);
  expect(late.clock.pending).toBe(0);
});
