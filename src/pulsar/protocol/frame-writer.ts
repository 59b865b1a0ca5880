import type { Socket } from 'node:net';

/** A producer that has frames to send. */
export interface FrameSource {
  /** Upper bound of its next frame's bytes; 0 when it has nothing to send. */
  nextFrameBytes(): number;
  /** Writes that frame at `offset`; returns the offset behind it. */
  writeFrame(buffer: Buffer, offset: number): number;
}

const SLAB_BYTES = 128 * 1024;
/** Writes that the kernel has not taken yet, beyond which everything waits in the current slab. */
const MAX_WRITES = 2;
/** What one producer may write before another has its turn. */
const TURN_BYTES = 64 * 1024;

/**
 * Everything that leaves on one connection. The frames of a tick go out in one write. Message frames are encoded
 * only when there is room for them, straight into a slab that is used again once the kernel has its bytes: so what
 * waits costs no copy, a stalled connection holds three slabs at most, and `mayStillSend` is asked late.
 */
export class FrameWriter {
  readonly #socket: Socket;
  readonly #ready = new Set<FrameSource>();
  readonly #slabs: Buffer[] = [];
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #offset = 0;
  #writes = 0;
  #scheduled = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Queues a frame behind all that was written before. */
  write(frame: Buffer): void {
    this.#reserve(frame.length);
    this.#slab.set(frame, this.#offset);
    this.#offset += frame.length;
    this.#schedule();
  }

  /** `source` has frames: it is asked for them when there is room. */
  wake(source: FrameSource): void {
    this.#ready.add(source);
    this.#schedule();
  }

  /** `source` is not asked any more, until it wakes this writer again. */
  withdraw(source: FrameSource): void {
    this.#ready.delete(source);
  }

  #schedule(): void {
    if (!this.#scheduled && this.#writes < MAX_WRITES) {
      this.#scheduled = true;
      queueMicrotask(this.#drain);
    }
  }

  readonly #drain = (): void => {
    this.#scheduled = false;
    if (this.#socket.destroyed) {
      return;
    }
    // A source added again during the walk comes once more at its end.
    for (const source of this.#ready) {
      if (this.#writes >= MAX_WRITES) {
        return;
      }
      this.#ready.delete(source);
      if (this.#turn(source)) {
        this.#ready.add(source);
      }
    }
    if (this.#writes < MAX_WRITES) {
      this.#flush();
    }
  };

  /** @returns whether `source` may have more. */
  #turn(source: FrameSource): boolean {
    for (let written = 0; written < TURN_BYTES && this.#writes < MAX_WRITES; ) {
      const bound = source.nextFrameBytes();
      if (bound === 0) {
        return false;
      }
      this.#reserve(bound);
      const end = source.writeFrame(this.#slab, this.#offset);
      written += end - this.#offset;
      this.#offset = end;
    }
    return true;
  }

  #reserve(bytes: number): void {
    if (this.#offset + bytes <= this.#slab.length) {
      return;
    }
    this.#flush();
    if (this.#slab.length < bytes) {
      this.#slabs.push(this.#slab);
      this.#slab = Buffer.allocUnsafeSlow(bytes);
    }
  }

  #flush(): void {
    const bytes = this.#offset;
    if (bytes === 0) {
      return;
    }
    const slab = this.#slab;
    this.#writes++;
    this.#offset = 0;
    this.#slab = this.#slabs.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#socket.write(bytes === slab.length ? slab : slab.subarray(0, bytes), () => {
      this.#writes--;
      // A larger one was made for one large message.
      if (slab.length === SLAB_BYTES && this.#slabs.length < MAX_WRITES) {
        this.#slabs.push(slab);
      }
      if (this.#ready.size > 0 || this.#offset > 0) {
        this.#schedule();
      }
    });
  }
}
