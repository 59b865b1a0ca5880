import { ReaderWatch } from '../../../src/source/reader-watch';
import { deferred } from '../../../src/util/deferred';

function setUp() {
  return new ReaderWatch({ shardId: 's', limit: 60_000, restart: () => undefined });
}

test('a read is due an answer while its call is under way, and not between two calls', () => {
  const watch = setUp();
  expect(watch.answers.due()).toBe(false);
  watch.calling();
  expect(watch.answers.due()).toBe(true);
  watch.called(true, true);
  expect(watch.answers.due()).toBe(false);
});

test('neither an answer nor a success is due while the reader waits for room, even after a refusal', async () => {
  const watch = setUp();
  watch.calling();
  watch.called(true, false);
  watch.refused('AWS_THROTTLED');
  expect(watch.successes.due()).toBe(true);
  watch.calling();
  const room = deferred<void>();
  const waiting = watch.whileHeldBack(room.promise);
  expect(watch.heldBack).toBe(true);
  expect([watch.answers.due(), watch.successes.due()]).toEqual([false, false]);
  room.resolve();
  await waiting;
  expect([watch.answers.due(), watch.successes.due()]).toEqual([true, true]);
});

test('a shard that is no longer read is due nothing', () => {
  const watch = setUp();
  watch.refused('AWS_THROTTLED');
  watch.calling();
  watch.ended();
  expect([watch.answers.due(), watch.successes.due()]).toEqual([false, false]);
});
