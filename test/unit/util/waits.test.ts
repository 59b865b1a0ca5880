import { Alarm } from '../../../src/util/alarm';
import { withDeadline } from '../../../src/util/deadline';
import { type Deferred, deferred } from '../../../src/util/deferred';
import { Gate } from '../../../src/util/gate';
import { ManualClock, settle } from '../../support/manual-clock';

const never = new AbortController().signal;

describe('an alarm', () => {
  test('waits its time, or until it is rung', async () => {
    const clock = new ManualClock();
    const alarm = new Alarm();
    await clock.run(alarm.wait(clock, 1000, never));
    expect(clock.monotonic()).toBe(1000);
    const wait = alarm.wait(clock, 1000, never);
    alarm.ring();
    await wait;
    expect(clock.monotonic()).toBe(1000);
    expect(clock.pending).toBe(0);
  });

  test('rung between two waits ends the next one at once, and only that one', async () => {
    const clock = new ManualClock();
    const alarm = new Alarm();
    alarm.ring();
    await alarm.wait(clock, 1000, never);
    expect(clock.monotonic()).toBe(0);
    await clock.run(alarm.wait(clock, 1000, never));
    expect(clock.monotonic()).toBe(1000);
  });

  test('gives up with the reason of the signal, before and during the wait', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const wait = new Alarm().wait(clock, 1000, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(wait).rejects.toThrow('stopped');
    await expect(new Alarm().wait(clock, 1000, stop.signal)).rejects.toThrow('stopped');
    expect(clock.pending).toBe(0);
  });
});

describe('a deadline', () => {
  const late = () => new Error('too late');

  test('passes on what the work gives or throws in time', async () => {
    const clock = new ManualClock();
    await expect(withDeadline(clock, 10, never, late, async () => 7)).resolves.toBe(7);
    await expect(
      withDeadline(clock, 10, never, late, () => Promise.reject(new Error('own'))),
    ).rejects.toThrow('own');
    expect(clock.pending).toBe(0);
  });

  test('ends work that does not listen, and tells work that does', async () => {
    const clock = new ManualClock();
    let told: unknown;
    const work = withDeadline(clock, 10, never, late, (signal) => {
      signal.addEventListener('abort', () => {
        told = signal.reason;
      });
      return new Promise<never>(() => undefined);
    });
    await expect(clock.run(work)).rejects.toThrow('too late');
    expect(clock.monotonic()).toBe(10);
    expect(told).toEqual(late());
  });

  test('does not begin work that nobody wants any more', async () => {
    let began = false;
    const stopped = AbortSignal.abort(new Error('stopped'));
    const work = withDeadline(new ManualClock(), 10, stopped, late, async () => {
      began = true;
    });
    await expect(work).rejects.toThrow('stopped');
    expect(began).toBe(false);
  });
});

test('a gate lets so many through at once, in order, and goes on after a failure', async () => {
  const gate = new Gate(2);
  const running: Deferred<void>[] = [];
  const begun: number[] = [];
  const runs = [0, 1, 2, 3].map((n) =>
    gate.run(() => {
      begun.push(n);
      const end = deferred<void>();
      running.push(end);
      return end.promise;
    }),
  );
  await settle();
  expect(begun).toEqual([0, 1]);
  running[1]?.reject(new Error('failed'));
  await expect(runs[1]).rejects.toThrow('failed');
  await settle();
  expect(begun).toEqual([0, 1, 2]);
  running[0]?.resolve();
  await settle();
  running[2]?.resolve();
  running[3]?.resolve();
  await Promise.all([runs[0], runs[2], runs[3]]);
  expect(begun).toEqual([0, 1, 2, 3]);
});
