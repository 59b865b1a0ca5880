import type { RecordPartition } from '../../../src/io';
import { ReceiveQueue } from '../../../src/source/receive-queue';

interface Item {
  readonly partition: RecordPartition;
  readonly n: number;
}

const tenure = (id: string): RecordPartition => ({ id, deliverable: () => true });
const items = (partition: RecordPartition, count: number, from = 0): Item[] =>
  Array.from({ length: count }, (_, i) => ({ partition, n: from + i }));
const all = (): boolean => true;
const ids = (batch: readonly Item[]): string[] => [...new Set(batch.map((item) => item.partition.id))];

describe('receive queue', () => {
  it('shards have turns: one with much does not hold up one with little', async () => {
    const queue = new ReceiveQueue<Item>(() => undefined);
    const [much, little] = [tenure('much'), tenure('little')];
    queue.push(much, items(much, 1000));
    queue.push(little, items(little, 3));
    expect(ids(await queue.take(200, all))).toEqual(['much', 'little']);
  });

  it('records of a shard come in its order', async () => {
    const queue = new ReceiveQueue<Item>(() => undefined);
    const one = tenure('one');
    queue.push(one, items(one, 300));
    queue.push(one, items(one, 200, 300));
    const taken: number[] = [];
    while (queue.size > 0) {
      taken.push(...(await queue.take(64, all)).map((item) => item.n));
    }
    expect(taken).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it('a shard that is not accepted waits without holding up the others, until it is', async () => {
    const queue = new ReceiveQueue<Item>(() => undefined);
    const [stalled, flowing] = [tenure('stalled'), tenure('flowing')];
    let accepted = false;
    queue.push(stalled, items(stalled, 1));
    queue.push(flowing, items(flowing, 1));
    const accepts = (partition: RecordPartition): boolean => partition !== stalled || accepted;
    expect(ids(await queue.take(10, accepts))).toEqual(['flowing']);
    const waiting = queue.take(10, accepts);
    accepted = true;
    queue.wake();
    expect(ids(await waiting)).toEqual(['stalled']);
  });

  it('what is dropped is never handed out', async () => {
    const queue = new ReceiveQueue<Item>(() => undefined);
    const [lost, kept] = [tenure('lost'), tenure('kept')];
    queue.push(lost, items(lost, 5));
    queue.push(kept, items(kept, 5));
    expect(queue.drop(lost)).toHaveLength(5);
    expect(ids(await queue.take(100, all))).toEqual(['kept']);
    expect(queue.size).toBe(0);
  });

  it('a closed queue hands out nothing, not even to who waits already', async () => {
    const queue = new ReceiveQueue<Item>(() => undefined);
    const waiting = queue.take(1, all);
    queue.close(new Error('closed'));
    await expect(waiting).rejects.toThrow('closed');
    const one = tenure('one');
    queue.push(one, items(one, 1));
    await expect(queue.take(1, all)).rejects.toThrow('closed');
  });

  it('says whose records were handed out', async () => {
    const taken: string[] = [];
    const queue = new ReceiveQueue<Item>((partition) => taken.push(partition.id));
    const one = tenure('one');
    queue.push(one, items(one, 2));
    await queue.take(1, all);
    expect(taken).toEqual(['one']);
    expect(queue.sizeOf(one)).toBe(1);
  });
});
