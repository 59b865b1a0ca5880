/** A length beyond is not believed before the bytes are there: no service answers as many. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * A body as it arrives in pieces. Where its length is known they go to their place at once: put together at the end, they
 * would be in memory twice.
 */
export class ArrivingBody {
  readonly #expected: number;
  readonly #pieces: Buffer[] = [];
  #whole: Buffer | undefined;
  #size = 0;

  /** @param expected bytes, as the service says; 0 when it does not. */
  constructor(expected: number) {
    this.#expected = expected;
  }

  add(piece: Buffer): void {
    if (this.#size === 0 && piece.length < this.#expected && this.#expected <= MOST_BYTES) {
      this.#whole = Buffer.allocUnsafeSlow(this.#expected);
    }
    // HTTP lets no more arrive than was said.
    if (this.#whole === undefined) {
      this.#pieces.push(piece);
    } else {
      piece.copy(this.#whole, this.#size);
    }
    this.#size += piece.length;
  }

  /** Everything, once it has arrived. */
  whole(): Buffer {
    const [first] = this.#pieces;
    return (
      this.#whole ?? (first !== undefined && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces))
    );
  }
}
