import { Ring } from '../../util/ring';
import type { AcknowledgementTracker, TrackedEntry } from './acknowledgement-tracker';
import type { ReceiverLimits } from './permits';
import type { ReceivedEntry } from './received-entry';
import type { ReceivedMessage } from './received-message';

interface Waiting {
  readonly entry: ReceivedEntry;
  readonly tracked: TrackedEntry;
  /** Messages that are to be handed out from it. */
  messages: number;
}

/** What is handed out at a time: at least one message, and beyond that no more than there is room for. */
class Handful {
  readonly messages: ReceivedMessage[] = [];
  readonly #max: number;
  #bytes: number;

  constructor(max: number, bytes: number) {
    this.#max = max;
    this.#bytes = bytes;
  }

  get full(): boolean {
    return this.messages.length >= this.#max || this.#bytes <= 0;
  }

  add(message: ReceivedMessage): void {
    this.messages.push(message);
    this.#bytes -= message.value?.length ?? 0;
  }
}

/** Messages that wait to be handed out, in order. */
export class ReceiverQueue {
  readonly #tracker: AcknowledgementTracker;
  readonly #limits: ReceiverLimits;
  readonly #entries = new Ring<Waiting>();
  /** Messages handed out before, that come again without the broker. */
  readonly #again = new Ring<ReceivedMessage>();
  #messages = 0;
  #bytes = 0;
  #end: { readonly error: unknown } | undefined;

  /** @param limits as many uncompressed bytes are handed out at a time: what waits may be a hundred times smaller. */
  constructor(tracker: AcknowledgementTracker, limits: ReceiverLimits) {
    this.#tracker = tracker;
    this.#limits = limits;
  }

  get messages(): number {
    return this.#messages + this.#again.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  push(entry: ReceivedEntry, tracked: TrackedEntry): void {
    const messages = tracked.open - tracked.waiting;
    tracked.waiting = tracked.open;
    this.#entries.push({ entry, tracked, messages });
    this.#messages += messages;
    this.#bytes += entry.bytes;
  }

  pushAgain(message: ReceivedMessage): void {
    this.#again.push(message);
  }

  /** Nothing comes behind what waits now: `take` throws `error` when that is handed out. */
  end(error: unknown): void {
    this.#end ??= { error };
  }

  /**
   * Up to `max` messages, which are held from now on.
   * @param emptied gets entries that turned out to hold nothing that is left to be acknowledged.
   * @throws what it was ended with, or ProtocolError unreadable, once nothing is left before it.
   */
  take(max: number, emptied: (entry: TrackedEntry) => void): ReceivedMessage[] {
    const hand = new Handful(max, this.#limits.bytes);
    for (let again = this.#again.shift(); again !== undefined; again = this.#again.shift()) {
      hand.add(again);
      if (hand.full) {
        return hand.messages;
      }
    }
    try {
      this.#takeEntries(hand, emptied);
    } catch (error) {
      this.clear();
      this.end(error);
    }
    if (hand.messages.length === 0 && this.#end !== undefined) {
      throw this.#end.error;
    }
    return hand.messages;
  }

  /** `take` for the entry alone of which a part was handed out already. */
  rest(max: number, emptied: (entry: TrackedEntry) => void): ReceivedMessage[] {
    const hand = new Handful(max, this.#limits.bytes);
    const waiting = this.#entries.peek();
    if (waiting?.entry.begun) {
      this.#takeFrom(waiting, hand, emptied);
    }
    return hand.messages;
  }

  /** Forgets what waits: it will come again. What came again already, and is held, is given back. */
  clear(): ReceivedMessage[] {
    for (let waiting = this.#entries.peek(); waiting !== undefined; waiting = this.#entries.peek()) {
      this.#remove(waiting);
    }
    const again = [...this.#again];
    this.#again.clear();
    return again;
  }

  #takeEntries(hand: Handful, emptied: (entry: TrackedEntry) => void): void {
    for (let waiting = this.#entries.peek(); waiting !== undefined; waiting = this.#entries.peek()) {
      this.#takeFrom(waiting, hand, emptied);
      if (hand.full) {
        return;
      }
    }
  }

  /** Takes from the entry in front, and takes it out when nothing of it is left to be handed out. */
  #takeFrom(waiting: Waiting, hand: Handful, emptied: (entry: TrackedEntry) => void): void {
    const { entry, tracked } = waiting;
    for (let found = true; found && !hand.full; ) {
      const { left } = tracked;
      const message = entry.next(tracked);
      found = message !== undefined;
      if (message !== undefined) {
        hand.add(message);
      }
      // Messages that were compacted out have waited too.
      const gone = left - tracked.left + Number(found);
      waiting.messages -= gone;
      tracked.waiting -= gone;
      this.#messages -= gone;
    }
    if (hand.full && tracked.open > 0) {
      return;
    }
    this.#remove(waiting);
    if (tracked.left === 0) {
      emptied(tracked);
    }
  }

  #remove({ entry, tracked, messages }: Waiting): void {
    this.#entries.shift();
    this.#messages -= messages;
    this.#bytes -= entry.bytes;
    tracked.waiting -= messages;
    this.#tracker.settle(tracked);
  }
}
