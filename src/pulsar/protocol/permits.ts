import { DEFAULT_MAX_MESSAGE_SIZE } from './frame';

/** They may change: consumers of one input share them. */
export interface ReceiverLimits {
  /** Messages. */
  readonly messages: number;
  /** Bytes as they came over the wire. */
  readonly bytes: number;
}

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
    // As long as nobody knows how large they are, each may be as large as a broker stores them.
    this.#averageBytes = DEFAULT_MAX_MESSAGE_SIZE;
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
   * @param waitingBytes of these, and of parts of messages that are not complete.
   */
  grant(waitingMessages: number, waitingBytes: number): number {
    const { messages, bytes } = this.#limits;
    const most = Math.min(messages, Math.max(1, Math.floor(bytes / this.#averageBytes)));
    const room = Math.min(
      messages - waitingMessages,
      Math.floor((bytes - waitingBytes) / this.#averageBytes),
    );
    // Without a message here there must be room for one, however large, and however many parts it has.
    const least = waitingMessages === 0 ? 1 : 0;
    const granted = Math.max(room, least) - this.#outstanding;
    // With nothing to come and nothing to hand out, however little there is room for must come.
    const worthwhile = least === 1 && this.#outstanding <= 0 ? 1 : Math.max(1, most / 2);
    if (granted < worthwhile) {
      return 0;
    }
    this.#outstanding += granted;
    return granted;
  }
}
