import { ConnectorError } from '../../../src/errors';
import { SourceTally } from '../../../src/source/source-tally';

const setUp = () => {
  const clock = { at: 5000, now: () => clock.at };
  return { clock, tally: new SourceTally(clock) };
};

test('what is read of a shard counts for it and for the source, and goes on when it is read again', () => {
  const { clock, tally } = setUp();
  const shard = tally.begin('a', () => new Set());
  expect(tally.lastRecordAt).toBeUndefined();
  shard.read(3, 30);
  clock.at = 6000;
  shard.read(0, 0);
  tally.begin('b', () => new Set()).read(1, 7);
  tally.begin('a', () => new Set()).read(2, 20);
  tally.delivered(4);
  expect(tally.of('a')).toMatchObject({ recordsRead: 5, bytesRead: 50 });
  const { recordsIn, bytesIn, recordsOut, lastRecordAt } = tally;
  expect([recordsIn, bytesIn, recordsOut, lastRecordAt]).toEqual([6, 57, 4, 6000]);
});

test('the newest error of a shard is that of the source, in one line', () => {
  const { tally } = setUp();
  const [one, other] = ['a', 'b'].map((name) => tally.begin(name, () => new Set()));
  one?.failed(new ConnectorError('AWS_THROTTLED', 'too many\nreads'));
  other?.failed('odd');
  expect(one?.lastError).toEqual({ code: 'AWS_THROTTLED', message: 'too many', at: 5000 });
  expect(tally.lastError).toEqual({ code: 'UNKNOWN', message: 'odd', at: 5000 });
});

test('what was counted of shards that are gone is forgotten in time, of those that are there never', () => {
  const { tally } = setUp();
  for (let n = 0; n < 10_000; n++) {
    tally.begin(`shard ${n}`, () => new Set(['shard 0', `shard ${n - 1}`]));
  }
  const kept = Array.from({ length: 10_000 }, (_, n) => tally.of(`shard ${n}`)).filter(
    (one) => one !== undefined,
  );
  expect(kept.length).toBeLessThan(130);
  expect(tally.of('shard 0')).toBeDefined();
});
