import { PendingBudget } from '../../../src/pulsar/protocol/pending-budget';

test('a full budget has room again at three quarters, not at every receipt', () => {
  const budget = new PendingBudget({ messages: 8, bytes: 1000 });
  let drained = 0;
  budget.watch(() => drained++);
  for (let i = 0; i < 8; i++) {
    expect(budget.full).toBe(false);
    budget.take(10);
  }
  expect(budget.full).toBe(true);
  budget.release(1, 10);
  expect([budget.full, drained]).toEqual([true, 0]);
  budget.release(1, 10);
  expect([budget.full, drained]).toEqual([false, 1]);
  budget.release(6, 60);
  expect(drained).toBe(1);
});

test('bytes and messages must both have room', () => {
  const budget = new PendingBudget({ messages: 2, bytes: 100 });
  budget.take(90);
  budget.take(90);
  budget.release(1, 0);
  expect(budget.full).toBe(true);
  budget.release(1, 180);
  expect(budget.full).toBe(false);
});

test('who stopped watching hears nothing', () => {
  const budget = new PendingBudget({ messages: 1, bytes: 1 });
  const unwatch = budget.watch(() => {
    throw new Error('called');
  });
  unwatch();
  budget.take(1);
  budget.release(1, 1);
});

test('who takes all the room there is comes last the next time', () => {
  const budget = new PendingBudget({ messages: 4, bytes: 1000 });
  const taken = [0, 0, 0];
  const fill = (who: number) => (): void => {
    while (!budget.full) {
      budget.take(1);
      taken[who] = (taken[who] ?? 0) + 1;
    }
  };
  for (const who of [0, 1, 2]) {
    budget.watch(fill(who));
  }
  fill(0)();
  for (let i = 0; i < 9; i++) {
    budget.release(2, 2);
  }
  expect(taken).toEqual([10, 6, 6]);
});
