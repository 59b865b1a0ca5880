/** Sizes are multiples of it, so that one request's buffer mostly fits the next. */
const STEP_BYTES = 64 * 1024;

/**
 * Buffers to be used again. Each new one counts towards the next garbage collection with all its bytes: a writer that
 * allocates every body spends most of its time there.
 */
export class SpareBuffers {
  readonly #maxBytes: number;
  readonly #spares: Buffer[] = [];
  #bytes = 0;

  /** @param maxBytes kept at most. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A buffer of at least `size` bytes, which hold anything. */
  take(size: number): Buffer {
    const spare = this.#spares.pop();
    this.#bytes -= spare?.length ?? 0;
    // One that is too small is let go of: the sizes in use are others now.
    return spare !== undefined && spare.length >= size
      ? spare
      : Buffer.allocUnsafeSlow(Math.ceil(size / STEP_BYTES) * STEP_BYTES);
  }

  /** Nobody reads from it any more. */
  give(buffer: Buffer): void {
    if (this.#bytes + buffer.length <= this.#maxBytes) {
      this.#spares.push(buffer);
      this.#bytes += buffer.length;
    }
  }
}
