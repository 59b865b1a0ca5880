/** Messages of an entry: OPEN to be handed out, HELD by the caller, DONE for good. */
const [OPEN, HELD, DONE] = [0, 1, 2];

const NO_PARTS: readonly TrackedEntry[] = [];

/** What is known of one entry of a topic, and of each of its messages. Changed by its tracker only. */
export class TrackedEntry {
  readonly ledgerId: number;
  readonly entryId: number;
  /** Messages that are not acknowledged. */
  left: number;
  /** Of these, messages that were handed out and not settled. */
  held = 0;
  /** Known before the last time the broker began anew: a copy of it may still be under way. */
  survivor = false;
  /** Whose it is: a message may outlive the consumer that handed it out. */
  readonly tracker: AcknowledgementTracker;
  /** Of the last chunk of a message: the entries of the others. Each has one message, and all share their fate. */
  parts: readonly TrackedEntry[] = NO_PARTS;
  #waiting = 0;
  readonly #size: number;
  /** Only of a batch: the one message of a plain entry follows from `left` and `held`. */
  readonly #messages: Uint8Array | undefined;

  constructor(tracker: AcknowledgementTracker, ledgerId: number, entryId: number, size: number) {
    this.tracker = tracker;
    this.ledgerId = ledgerId;
    this.entryId = entryId;
    this.left = size;
    this.#size = size;
    this.#messages = size === 1 ? undefined : new Uint8Array(size);
  }

  /** Messages to be handed out. */
  get open(): number {
    return this.left - this.held;
  }

  /** Open messages of deliveries that wait to be handed out: for these no copy is needed. */
  get waiting(): number {
    return this.#waiting;
  }

  set waiting(count: number) {
    this.#waiting = count;
    for (const part of this.parts) {
      part.waiting = count;
    }
  }

  get untouched(): boolean {
    return this.held === 0 && this.left === this.#size;
  }

  /** @returns false when it is not open. */
  hold(index: number): boolean {
    return this.#move(index, OPEN, HELD);
  }

  /** @returns false when it is not held. */
  release(index: number): boolean {
    return this.#move(index, HELD, OPEN);
  }

  acknowledge(index: number): boolean {
    return this.#move(index, HELD, DONE);
  }

  /** Takes over what the broker knows: messages whose bit is not set are acknowledged. */
  apply(ackSet: readonly number[]): void {
    for (let index = 0; index < this.#size; index++) {
      const bit = ((ackSet[index >>> 5] ?? 0) >>> (index & 31)) & 1;
      if (bit === 0) {
        this.skip(index);
      }
    }
  }

  /** There is nothing to hand out for that message. */
  skip(index: number): void {
    this.#move(index, OPEN, DONE);
  }

  /** Whether a part of a batch is acknowledged, and a part is not. */
  get partly(): boolean {
    return this.left > 0 && this.left < this.#size;
  }

  /** For `apply`: the messages that are not acknowledged, without words of zeros at the end. */
  missing(): number[] {
    const words: number[] = [];
    this.#messages?.forEach((state, index) => {
      if (state !== DONE) {
        while (words.length <= index >>> 5) {
          words.push(0);
        }
        words[index >>> 5] = ((words[index >>> 5] ?? 0) | (1 << (index & 31))) >>> 0;
      }
    });
    return words;
  }

  #move(index: number, from: number, to: number): boolean {
    if (this.#messages === undefined) {
      const state = this.left === 0 ? DONE : this.held === 1 ? HELD : OPEN;
      if (state !== from) {
        return false;
      }
    } else if (this.#messages[index] !== from) {
      return false;
    } else {
      this.#messages[index] = to;
    }
    this.held += Number(to === HELD) - Number(from === HELD);
    this.left -= Number(to === DONE);
    for (const part of this.parts) {
      part.#move(0, from, to);
    }
    return true;
  }
}

/** Entries that are partly acknowledged and elsewhere now; what was known of more than these is forgotten. */
const MAX_ABSENT = 10_000;

/**
 * Which messages are in whose hands, so that a copy is told from a message that comes again. An entry is known from
 * its first delivery until the broker has answered its acknowledgement, or nothing is left to be remembered of it.
 *
 *            arrived               hold              acknowledge (all)           answered
 *   unknown ---------> open ------------------> held ------------------> unanswered ------> unknown
 *                       ^      release (nack)    |
 *                       `------------------------´
 */
export class AcknowledgementTracker {
  readonly #ledgers = new Map<number, Map<number, TrackedEntry>>();
  /** In the order in which they are forgotten. */
  readonly #absent = new Set<TrackedEntry>();
  readonly #maxAbsent: number;
  #size = 0;

  constructor(maxAbsent = MAX_ABSENT) {
    this.#maxAbsent = maxAbsent;
  }

  /** Entries known. */
  get size(): number {
    return this.#size;
  }

  /** The entry of a delivery of `count` messages. What is to be done with it follows from its fields. */
  arrived(ledgerId: number, entryId: number, count: number, ackSet?: readonly number[]): TrackedEntry {
    let entries = this.#ledgers.get(ledgerId);
    if (entries === undefined) {
      entries = new Map();
      this.#ledgers.set(ledgerId, entries);
    }
    let entry = entries.get(entryId);
    if (entry === undefined) {
      entry = new TrackedEntry(this, ledgerId, entryId, count);
      entries.set(entryId, entry);
      this.#size++;
    }
    if (ackSet !== undefined) {
      entry.apply(ackSet);
    }
    this.#absent.delete(entry);
    return entry;
  }

  /** `entry` has changed hands: remembers it only as long as there is something to remember. */
  settle(entry: TrackedEntry): void {
    for (const part of entry.parts) {
      this.settle(part);
    }
    if (entry.waiting > 0 || entry.held > 0 || entry.left === 0) {
      this.#absent.delete(entry);
    } else if (entry.untouched) {
      this.#forget(entry);
    } else {
      this.#keep(entry);
    }
  }

  /** The broker knows that all of `entry` is acknowledged. */
  answered(entry: TrackedEntry): void {
    if (entry.survivor) {
      this.#keep(entry);
    } else {
      this.#forget(entry);
    }
  }

  /**
   * The broker begins to send anew what it takes for not acknowledged. Of what is known now a copy may come, even
   * after its acknowledgement was answered, when the broker had read it before; of what was answered already, only
   * if somebody wants it again.
   */
  restarted(): void {
    for (const entry of [...this.#absent]) {
      if (entry.left === 0) {
        this.#forget(entry);
      }
    }
    for (const entries of this.#ledgers.values()) {
      for (const entry of entries.values()) {
        entry.survivor = true;
      }
    }
  }

  #keep(entry: TrackedEntry): void {
    this.#absent.delete(entry);
    this.#absent.add(entry);
    if (this.#absent.size > this.#maxAbsent) {
      const [oldest] = this.#absent;
      this.#forget(oldest as TrackedEntry);
    }
  }

  #forget(entry: TrackedEntry): void {
    this.#absent.delete(entry);
    const entries = this.#ledgers.get(entry.ledgerId);
    if (entries?.get(entry.entryId) === entry) {
      entries.delete(entry.entryId);
      this.#size--;
      if (entries.size === 0) {
        this.#ledgers.delete(entry.ledgerId);
      }
    }
  }
}
