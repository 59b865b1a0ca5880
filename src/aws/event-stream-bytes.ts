import type { Readable } from 'node:stream';
import { abortable, throwIfAborted } from '../util/abort';
import type { Clock } from '../util/clock';
import { type Deferred, deferred } from '../util/deferred';

/** A buffer that is being filled. */
interface Filling {
  readonly target: Buffer;
  filled: number;
  /** Monotonic instant of the last bytes, or of the start. */
  heardAt: number;
  readonly done: Deferred<number>;
}

/**
 * The bytes of an answer, taken out of the connection only as far as they are asked for: Node reads ahead up to the
 * stream's high-water mark, and over HTTP/2 up to the window of the stream.
 */
export class EventStreamBytes {
  readonly #stream: Readable;
  readonly #clock: Clock;
  readonly #idleMs: number;
  #filling: Filling | undefined;
  #ended = false;
  #failure: Error | undefined;

  /** @param idleMs milliseconds that bytes which are asked for may stay away. */
  constructor(stream: Readable, clock: Clock, idleMs: number) {
    this.#stream = stream;
    this.#clock = clock;
    this.#idleMs = idleMs;
    stream.on('readable', () => this.#pull());
    stream.on('end', () => {
      this.#ended = true;
      this.#pull();
    });
    stream.on('error', (error) => this.#fail(error));
    stream.on('close', () => this.#fail(cutOff()));
    if (stream.destroyed) {
      this.#fail(stream.errored ?? cutOff());
    }
  }

  /**
   * Fills `target`. One call at a time; after a rejection the place in the stream is lost.
   * @returns bytes filled: all, or fewer when the stream has ended
   * @throws the error of the connection, a TimeoutError, the signal's reason
   */
  async fill(target: Buffer, signal: AbortSignal): Promise<number> {
    throwIfAborted(signal);
    const filling = { target, filled: 0, heardAt: this.#clock.monotonic(), done: deferred<number>() };
    this.#filling = filling;
    this.#pull();
    const endWatch = this.#watch(filling);
    try {
      return await abortable(filling.done.promise, signal);
    } finally {
      endWatch();
      this.#filling = undefined;
    }
  }

  #pull(): void {
    const filling = this.#filling;
    if (filling === undefined) {
      return;
    }
    const { target, done } = filling;
    const stream = this.#stream;
    while (filling.filled < target.length) {
      const missing = target.length - filling.filled;
      // A read of more than the high-water mark would raise it, for good.
      const chunk: Buffer | null = stream.read(
        Math.min(missing, stream.readableLength, stream.readableHighWaterMark),
      );
      if (chunk === null) {
        break;
      }
      filling.filled += chunk.copy(target, filling.filled);
      filling.heardAt = this.#clock.monotonic();
    }
    if (filling.filled === target.length || this.#ended) {
      this.#filling = undefined;
      done.resolve(filling.filled);
    } else if (this.#failure !== undefined) {
      this.#filling = undefined;
      done.reject(this.#failure);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#pull();
  }

  /** Gives `filling` up when it is kept waiting. @returns ends that */
  #watch(filling: Filling): () => void {
    if (this.#filling !== filling) {
      return nothing;
    }
    const look = (): void => {
      const left = filling.heardAt + this.#idleMs - this.#clock.monotonic();
      if (left > 0) {
        timer = this.#clock.setTimer(look, left);
      } else {
        filling.done.reject(silent(this.#idleMs));
      }
    };
    let timer = this.#clock.setTimer(look, this.#idleMs);
    return () => this.#clock.clearTimer(timer);
  }
}

function nothing(): void {}

function silent(ms: number): Error {
  return Object.assign(new Error(`nothing came for ${ms} ms`), { name: 'TimeoutError' });
}

function cutOff(): Error {
  return Object.assign(new Error('the connection closed within an answer'), { code: 'ECONNRESET' });
}
