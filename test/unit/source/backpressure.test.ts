import { Backpressure } from '../../../src/source/backpressure';
import type { LogFields } from '../../../src/util/logger';
import { silentLogger } from '../../../src/util/logger';
import { ManualClock } from '../../support/manual-clock';

function setUp(limit = 60_000) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const line = (_fields: LogFields, message: string): void => {
    lines.push(message.slice(0, message.indexOf(';') >>> 0));
  };
  const logger = { ...silentLogger, warn: line, info: line };
  const backpressure = new Backpressure({ limit, clock, logger, gauge: { record: () => undefined } });
  const sample = async (seconds: number, heldBack: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      await clock.advance(1000);
      backpressure.sample(heldBack);
    }
  };
  return { clock, lines, backpressure, sample };
}

test('that lasts is one line when it has, and one when it is over', async () => {
  const { lines, sample } = setUp();
  await sample(59, 3);
  expect(lines).toEqual([]);
  await sample(600, 3);
  expect(lines).toEqual(['Pulsar is slower than Kinesis']);
  await sample(59, 0);
  expect(lines).toHaveLength(1);
  await sample(600, 0);
  expect(lines.slice(1)).toEqual(['Pulsar keeps up with Kinesis again']);
});

test('readers that wait no more than they read are no news', async () => {
  const { lines, sample } = setUp();
  for (let minute = 0; minute < 20; minute++) {
    await sample(30, 1);
    await sample(30, 0);
  }
  expect(lines).toEqual([]);
});

test('the time for which the process was stopped is nobody’s fault', async () => {
  const { clock, lines, backpressure, sample } = setUp();
  await sample(10, 1);
  await clock.advance(900_000);
  backpressure.sample(1);
  expect(lines).toEqual([]);
});
