import { Ticker } from '../../../src/util/ticker';
import { ManualClock } from '../../support/manual-clock';

test('a ticker works at every interval, once more when it is stopped, and never again', async () => {
  const clock = new ManualClock();
  const times: number[] = [];
  const ticker = new Ticker(clock, 1000, () => times.push(clock.monotonic()));
  await clock.advance(2500);
  ticker.stop();
  ticker.stop();
  await clock.advance(5000);
  expect(times).toEqual([1000, 2000, 2500]);
  expect(clock.pending).toBe(0);
});
