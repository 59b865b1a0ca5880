import type { WebSocketMessageId } from './websocket-message-id';

/** Messages of an entry: ELSEWHERE (not here, or not yet), HERE (waiting, or in its caller's hands), DONE for good. */
const [ELSEWHERE, HERE, DONE] = [0, 1, 2];

/** Entries with nothing here that are remembered, so that copies of what is acknowledged in them are known. */
const MAX_REMEMBERED = 10_000;

class TrackedEntry {
  readonly states: Uint8Array;
  /** Ids on the wire by place, of messages that are done. */
  readonly wires: (string | undefined)[] = [];
  here = 0;
  done = 0;
  /** Whether a message of it was handed out. */
  begun = false;
  /** One more than the last place that has come. */
  seen = 0;
  /** Number of its last acknowledgement, as counted by the tracker. */
  lastTold = 0;

  constructor(readonly size: number) {
    this.states = new Uint8Array(size);
  }
}

/**
 * Which messages are in whose hands, so that a copy is told from a message that comes again. Acknowledgements get no
 * answer in this API: each counts as told, and as heard once a pong behind it has come. What is not heard is told once
 * more. Of what was heard a copy may still come, when the rest of its batch is not acknowledged or the broker went
 * down: the last entries are remembered for that.
 */
export class WebSocketTracker {
  readonly #entries = new Map<string, TrackedEntry>();
  /** Those with nothing here, in the order in which they are forgotten. */
  readonly #idle = new Set<string>();
  readonly #maxRemembered: number;
  #told = 0;
  #heard = 0;

  constructor(maxRemembered = MAX_REMEMBERED) {
    this.#maxRemembered = maxRemembered;
  }

  /** Entries known. */
  get size(): number {
    return this.#entries.size;
  }

  /** Acknowledgements told so far. */
  get told(): number {
    return this.#told;
  }

  /** Acknowledgements that nothing proves heard. */
  get unheard(): number {
    return this.#told - this.#heard;
  }

  /** A message has come. New: it is here now. A copy of what is here is to be dropped; of what is done, told again. */
  arrived({ entry: name, index, size }: WebSocketMessageId): 'NEW' | 'COPY' | 'DONE' {
    let entry = this.#entries.get(name);
    if (entry === undefined) {
      entry = new TrackedEntry(size);
      this.#entries.set(name, entry);
    }
    entry.seen = Math.max(entry.seen, index + 1);
    const state = entry.states[index];
    if (state === ELSEWHERE) {
      entry.states[index] = HERE;
      entry.here++;
      this.#idle.delete(name);
      return 'NEW';
    }
    return state === DONE ? 'DONE' : 'COPY';
  }

  /** A message is handed out: the rest of its entry should follow it. */
  begin({ entry }: WebSocketMessageId): void {
    const tracked = this.#entries.get(entry);
    if (tracked !== undefined) {
      tracked.begun = true;
    }
  }

  hasBegun({ entry }: WebSocketMessageId): boolean {
    return this.#entries.get(entry)?.begun ?? false;
  }

  /** Messages that have not come yet, of entries of which one was handed out. */
  get torn(): number {
    let missing = 0;
    for (const { begun, seen, size } of this.#entries.values()) {
      missing += begun ? size - seen : 0;
    }
    return missing;
  }

  /** A message that is here is acknowledged, which its caller tells now. */
  acknowledge({ entry: name, index, wire }: WebSocketMessageId): void {
    const entry = this.#entries.get(name);
    if (entry?.states[index] === HERE) {
      entry.states[index] = DONE;
      entry.wires[index] = wire;
      entry.here--;
      entry.done++;
      this.toldAgain(name);
      this.#settle(name, entry);
    }
  }

  /** An acknowledgement in that entry is told once more. */
  toldAgain(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) {
      entry.lastTold = ++this.#told;
    }
  }

  /** A message that is here is so no more. */
  release({ entry: name, index }: WebSocketMessageId): void {
    const entry = this.#entries.get(name);
    if (entry?.states[index] === HERE) {
      entry.states[index] = ELSEWHERE;
      entry.here--;
      this.#settle(name, entry);
    }
  }

  /** Everything told up to `told` has been heard. */
  heard(told: number): void {
    this.#heard = Math.max(this.#heard, told);
    this.#forget();
  }

  /** Ids of acknowledgements that may not have been heard, to be told once more. */
  *unheardIds(): IterableIterator<string> {
    for (const [name, entry] of [...this.#entries]) {
      if (entry.lastTold > this.#heard) {
        this.toldAgain(name);
        yield* entry.wires.filter((wire) => wire !== undefined);
      }
    }
  }

  #settle(name: string, entry: TrackedEntry): void {
    if (entry.here > 0) {
      return;
    }
    if (entry.done === 0) {
      this.#entries.delete(name);
    } else {
      this.#idle.add(name);
      this.#forget();
    }
  }

  #forget(): void {
    for (const name of this.#idle) {
      const entry = this.#entries.get(name);
      if (this.#idle.size <= this.#maxRemembered || (entry !== undefined && entry.lastTold > this.#heard)) {
        return;
      }
      this.#idle.delete(name);
      this.#entries.delete(name);
    }
  }
}
