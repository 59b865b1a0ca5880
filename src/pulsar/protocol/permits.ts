export interface ReceiverLimits {
  /** Messages. */
  readonly messages: number;
  /** Bytes as they came over the wire. */
  readonly bytes: number;
}

/** Messages that the first permits are for, as long as nobody knows how large they are. */
const FIRST_PERMITS = 16;
/** Share of a new message in the average: it rises at once, so that large ones do not pile up, and falls slowly. */
const [RISE, FALL] = [0.5, 0.02];

/**
 * How many messages the broker may send. Permits are counted as the broker counts them: a batch takes as many as it
 * has messages, more than there were if need be, and those that are dropped here have taken theirs.
 */
export class Permits {
  readonly #limits: ReceiverLimits;
  /** Of a message. */
  #averageBytes: number;
  #measured = false;
  /** Granted and not used; negative after a batch that was larger. */
  #outstanding = 0;

  constructor(limits: ReceiverLimits) {
    this.#limits = limits;
    this.#averageBytes = Math.max(1, limits.bytes / FIRST_PERMITS);
  }

  /** At another place at the broker nothing is granted yet. */
  reset(): void {
    this.#outstanding = 0;
  }

  /** An entry of `count` messages has come in `bytes` bytes. */
  used(count: number, bytes: number): void {
    this.#outstanding -= count;
    const change = bytes / Math.max(1, count) - this.#averageBytes;
    this.#averageBytes += change * (this.#measured ? (change > 0 ? RISE : FALL) : 1);
    this.#measured = true;
  }

  /**
   * Permits to grant now, 0 mostly: they are given by halves.
   * @param waitingMessages that were not handed out yet, or are kept to be handed out again.
   */
  grant(waitingMessages: number, waitingBytes: number): number {
    const { messages, bytes } = this.#limits;
    const most = Math.min(messages, Math.max(1, Math.floor(bytes / this.#averageBytes)));
    const room = Math.min(
      messages - waitingMessages,
      // Without a message here there must be room for one, however large.
      waitingMessages === 0 ? most : Math.floor((bytes - waitingBytes) / this.#averageBytes),
    );
    const granted = room - this.#outstanding;
    if (granted < Math.max(1, most / 2)) {
      return 0;
    }
    this.#outstanding += granted;
    return granted;
  }
}
