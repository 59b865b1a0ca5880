import { WakeUp } from '../../../src/util/wake-up';
import { ManualClock } from '../../support/manual-clock';

function lab() {
  const clock = new ManualClock();
  const rung: number[] = [];
  const wakeUp = new WakeUp(clock, () => rung.push(clock.monotonic()));
  return { clock, rung, wakeUp };
}

test('rings once, at the instant it was set to last', async () => {
  const { clock, rung, wakeUp } = lab();
  wakeUp.set(100);
  wakeUp.set(300);
  wakeUp.set(200);
  expect(clock.pending).toBe(1);
  await clock.advance(1000);
  expect(rung).toEqual([200]);
  expect(wakeUp.at).toBe(Number.POSITIVE_INFINITY);
});

test('never rings early by a part of a millisecond', async () => {
  const { clock, rung, wakeUp } = lab();
  wakeUp.set(0.4);
  await clock.advance(10);
  expect(rung).toEqual([1]);
});

test('set to infinity it does not ring, and leaves no timer', async () => {
  const { clock, rung, wakeUp } = lab();
  wakeUp.set(5);
  wakeUp.set(Number.POSITIVE_INFINITY);
  expect(clock.pending).toBe(0);
  await clock.advance(10);
  expect(rung).toEqual([]);
});

test('an instant that has passed rings at once', async () => {
  const { clock, rung, wakeUp } = lab();
  await clock.advance(50);
  wakeUp.set(Number.NEGATIVE_INFINITY);
  await clock.advance(0);
  expect(rung).toEqual([50]);
});
