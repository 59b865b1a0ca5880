import { type Check, type Finding, failed, ok, skipped } from '../../../src/doctor/check';
import { runChecks } from '../../../src/doctor/runner';
import { ConnectorError } from '../../../src/errors';
import { sleep } from '../../../src/util/clock';
import { deferred } from '../../../src/util/deferred';
import { ManualClock } from '../../support/manual-clock';

const clock = new ManualClock();
const check = (key: string, run: Check['run'], needs: string[] = []): Check => ({
  key,
  id: 'config.file',
  group: 'g',
  title: key,
  needs,
  run,
});
const fine = (key: string): Check => check(key, async () => ok(key));
const run = (checks: readonly Check[], signal = new AbortController().signal, atOnce = 4) =>
  runChecks(checks, { clock, timeout: 1000, atOnce, signal });

test('checks that do not need each other are made side by side, and told in the order given', async () => {
  const [first, second] = [deferred<Finding>(), deferred<Finding>()];
  const results = run([
    check('a', () => first.promise),
    check('b', async () => {
      first.resolve(ok('a'));
      return second.promise;
    }),
    check('c', async () => {
      second.resolve(ok('b'));
      return ok('c');
    }),
  ]);
  expect((await results).map(({ found }) => found)).toEqual(['a', 'b', 'c']);
});

test('an error is a failure with its code and what to do; what needs it is left out', async () => {
  const error = new ConnectorError('AWS_ACCESS_DENIED', 'slow', { expected: 'few', found: 'many' });
  const [a, b] = await run([check('a', () => Promise.reject(error)), check('b', async () => ok('b'), ['a'])]);
  expect(a).toMatchObject({
    verdict: 'failed',
    code: 'AWS_ACCESS_DENIED',
    expected: 'few',
    hint: error.hint,
  });
  expect(b).toMatchObject({ verdict: 'skipped', found: 'because of "a"' });
});

test('a check that had nothing to say holds up nobody', async () => {
  const [, b] = await run([check('a', async () => skipped('no')), check('b', async () => ok('b'), ['a'])]);
  expect(b).toMatchObject({ verdict: 'ok' });
});

test('a check without an end fails at its time-out, and the others go on', async () => {
  const never = check('a', () => new Promise(() => undefined));
  const results = run([never, fine('b')]);
  await clock.advance(1000);
  expect((await results).map(({ verdict, code }) => [verdict, code])).toEqual([
    ['failed', 'DOCTOR_TIMEOUT'],
    ['ok', undefined],
  ]);
});

test('one that can be done without only warns when it is late, and one that waits on purpose has its time', async () => {
  const never = check('a', () => new Promise(() => undefined));
  const waiting = check('b', async (signal) => {
    await sleep(clock, 1500, signal);
    return ok('b');
  });
  const results = run([
    { ...never, overdue: 'warning' },
    { ...waiting, waits: 1500 },
    check('c', async () => ok('c'), ['a']),
  ]);
  await clock.advance(2000);
  expect((await results).map(({ verdict, code }) => [verdict, code])).toEqual([
    ['warning', 'DOCTOR_TIMEOUT'],
    ['ok', undefined],
    ['ok', undefined],
  ]);
});

test('a service that asks for patience gets some', async () => {
  let asked = 0;
  const results = run([
    check('a', async () => {
      if (++asked < 2) {
        throw new ConnectorError('AWS_THROTTLED', 'slow');
      }
      return ok('a');
    }),
  ]);
  await clock.advance(900);
  expect(await results).toMatchObject([{ verdict: 'ok' }]);
});

test('what comes of a check is made too, right behind it', async () => {
  const results = await run([check('a', async () => ok('a', [fine('b')])), fine('c')]);
  expect(results.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
});

test('never more than so many are under way', async () => {
  let most = 0;
  let now = 0;
  const one = (key: string): Check =>
    check(key, async () => {
      most = Math.max(most, ++now);
      await Promise.resolve();
      now--;
      return failed('no', 'mend it');
    });
  await run(['a', 'b', 'c', 'd', 'e'].map(one), undefined, 2);
  expect(most).toBe(2);
});

test('a stop ends it with its reason', async () => {
  const stop = new AbortController();
  const results = run([check('a', () => new Promise(() => undefined)), fine('b')], stop.signal);
  stop.abort(new Error('stopped'));
  await expect(results).rejects.toThrow('stopped');
});
