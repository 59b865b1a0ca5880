import { deferred } from '../../../src/util/deferred';
import { Gate } from '../../../src/util/gate';

/** Pieces of work that end when the test says so, by name in the order in which they began. */
function bench(width: number) {
  const gate = new Gate(width);
  const began: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, urgent?: boolean): Promise<void> =>
    gate.run(() => {
      const end = deferred<void>();
      began.push(name);
      ends.set(name, () => end.resolve());
      return end.promise;
    }, urgent);
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { gate, began, run, end };
}

test('no more than its width runs at once, the rest in the order it came', async () => {
  const { began, run, end } = bench(2);
  for (const name of ['a', 'b', 'c', 'd']) {
    void run(name);
  }
  expect(began).toEqual(['a', 'b']);
  await end('b');
  expect(began).toEqual(['a', 'b', 'c']);
  await end('a');
  expect(began).toEqual(['a', 'b', 'c', 'd']);
});

test('what is urgent goes before what waits already, and does not widen the gate', async () => {
  const { began, run, end } = bench(1);
  void run('a');
  void run('b');
  void run('c', true);
  void run('d', true);
  expect(began).toEqual(['a']);
  await end('a');
  await end('c');
  expect(began).toEqual(['a', 'c', 'd']);
  await end('d');
  expect(began).toEqual(['a', 'c', 'd', 'b']);
});

test('work that throws lets the next one in', async () => {
  const { gate, began, run } = bench(1);
  const failing = gate.run(() => Promise.reject(new Error('no')));
  void run('next');
  await expect(failing).rejects.toThrow('no');
  expect(began).toEqual(['next']);
});
