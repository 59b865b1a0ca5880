import { Socket } from 'node:net';
import { type FrameSource, FrameWriter } from '../../../src/pulsar/protocol/frame-writer';

type Taken = (error?: Error | null) => void;

/** A socket whose kernel takes bytes when the test says so. */
class StalledSocket extends Socket {
  readonly chunks: Buffer[] = [];
  readonly waiting: Taken[] = [];

  override _write(chunk: Buffer, _encoding: string, taken: Taken): void {
    this.chunks.push(Buffer.from(chunk));
    this.waiting.push(taken);
  }

  override _writev(chunks: { chunk: Buffer }[], taken: Taken): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), '', taken);
  }
}

/** Frames of `size` bytes, each filled with `mark`. */
class Frames implements FrameSource {
  written = 0;

  constructor(
    readonly mark: number,
    readonly size: number,
    public left: number,
  ) {}

  nextFrameBytes(): number {
    return this.left > 0 ? this.size : 0;
  }

  writeFrame(buffer: Buffer, offset: number): number {
    this.left--;
    this.written++;
    buffer.fill(this.mark, offset, offset + this.size);
    return offset + this.size;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a stalled connection holds three slabs at most, whatever is to be sent', async () => {
  const socket = new StalledSocket();
  const writer = new FrameWriter(socket);
  const frames = new Frames(1, 1000, 1_000_000);
  writer.wake(frames);
  for (let i = 0; i < 1000; i++) {
    writer.write(Buffer.from('ping'));
    await turn();
  }
  expect(frames.written * 1000).toBeLessThanOrEqual(3 * 128 * 1024);
  expect(frames.written).toBeGreaterThan(100);
});

test('what is written while the kernel is busy goes on, in order, when it has taken what it had', async () => {
  const socket = new StalledSocket();
  const writer = new FrameWriter(socket);
  let expected = '';
  for (let i = 0; i < 50; i++) {
    writer.write(Buffer.from(`${i};`));
    expected += `${i};`;
    await turn();
  }
  while (socket.waiting.length > 0) {
    socket.waiting.shift()?.();
    await turn();
  }
  expect(Buffer.concat(socket.chunks).toString()).toBe(expected);
  expect(socket.chunks.length).toBeLessThan(10);
});

test('a source that always has more does not keep others waiting', async () => {
  const socket = new StalledSocket();
  const writer = new FrameWriter(socket);
  const [greedy, modest] = [new Frames(1, 1000, 1_000_000), new Frames(2, 1000, 1)];
  writer.wake(greedy);
  writer.wake(modest);
  await turn();
  expect(modest.left).toBe(0);
});

test('a frame larger than a slab goes out whole', async () => {
  const socket = new StalledSocket();
  const writer = new FrameWriter(socket);
  writer.wake(new Frames(7, 3_000_000, 1));
  await turn();
  expect(Buffer.concat(socket.chunks).equals(Buffer.alloc(3_000_000, 7))).toBe(true);
});

test('the frames of a tick go out in one write', async () => {
  const socket = new StalledSocket();
  const writer = new FrameWriter(socket);
  for (let i = 0; i < 20; i++) {
    writer.write(Buffer.from('x'));
  }
  writer.wake(new Frames(2, 10, 5));
  await turn();
  expect(socket.chunks.map(({ length }) => length)).toEqual([70]);
});
