import { ReceiveBudget } from '../../../src/source/receive-budget';

const never = new AbortController().signal;

/** Whether `promise` is settled after all microtasks that are due. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  promise.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe('receive budget', () => {
  it('what is held never exceeds the limit when answers are smaller than it', async () => {
    const budget = new ReceiveBudget(100);
    const takes = [60, 30, 30, 50].map((bytes) => budget.take(bytes, never));
    expect(budget.used).toBe(90);
    expect(await settled(takes[2] as Promise<void>)).toBe(false);
    budget.release(60);
    expect(budget.used).toBe(60);
    expect(await settled(takes[3] as Promise<void>)).toBe(false);
    budget.release(30);
    expect(budget.used).toBe(80);
    expect(await settled(takes[3] as Promise<void>)).toBe(true);
  });

  it('a small answer does not overtake a large one that waits', async () => {
    const budget = new ReceiveBudget(100);
    await budget.take(80, never);
    const large = budget.take(50, never);
    const small = budget.take(10, never);
    expect(await settled(small)).toBe(false);
    budget.release(80);
    expect(await settled(large)).toBe(true);
    expect(await settled(small)).toBe(true);
  });

  it('an empty budget admits one answer of any size', async () => {
    const budget = new ReceiveBudget(10);
    await budget.take(1000, never);
    expect(budget.used).toBe(1000);
    const next = budget.take(1, never);
    expect(await settled(next)).toBe(false);
    budget.release(1000);
    expect(await settled(next)).toBe(true);
  });

  it('who gives up waiting takes nothing and lets the next one in', async () => {
    const budget = new ReceiveBudget(100);
    await budget.take(50, never);
    const controller = new AbortController();
    const large = budget.take(60, controller.signal);
    const small = budget.take(50, never);
    controller.abort(new Error('gave up'));
    await expect(large).rejects.toThrow('gave up');
    expect(await settled(small)).toBe(true);
    expect(budget.used).toBe(100);
  });

  it('no fetch starts while the budget is used up', async () => {
    const budget = new ReceiveBudget(100);
    expect(await settled(budget.room(never))).toBe(true);
    budget.force(100);
    const room = budget.room(never);
    expect(await settled(room)).toBe(false);
    budget.release(1);
    expect(await settled(room)).toBe(true);
  });
});
