import type { EntryId } from './ack-frame';

/** Entries beyond the prefix that are remembered; beyond these the broker is asked where it stands. */
const MAX_BEYOND = 100_000;

/**
 * How far everything of a subscription is acknowledged, so that one cumulative acknowledgement can stand for many. It
 * goes by what the broker has said and by what was acknowledged here entry by entry behind that, without a gap: never
 * by what was delivered, which says nothing of what was not. Ids of a ledger have no gaps.
 */
export class AcknowledgedPrefix {
  #ledgerId = -1;
  #entryId = -1;
  /** Acknowledged entries of that ledger behind the prefix. */
  readonly #beyond = new Set<number>();
  #known = false;
  #stuck = false;

  /** Whether only the broker can tell where the prefix goes on. */
  get stuck(): boolean {
    return this.#stuck;
  }

  /** The broker says that everything up to there is acknowledged. */
  told({ ledgerId, entryId }: EntryId): void {
    // Numbers beyond 2^53 stand for −1.
    const place = entryId > Number.MAX_SAFE_INTEGER ? -1 : entryId;
    if (this.#known && ledgerId === this.#ledgerId && place <= this.#entryId) {
      return;
    }
    if (!this.#known || ledgerId > this.#ledgerId) {
      this.#beyond.clear();
      this.#ledgerId = ledgerId;
      this.#entryId = place;
      this.#known = true;
      return;
    }
    if (ledgerId === this.#ledgerId) {
      for (const beyond of this.#beyond) {
        if (beyond <= place) {
          this.#beyond.delete(beyond);
        }
      }
      this.#entryId = place;
    }
  }

  /** Nothing that was told before counts. */
  forget(): void {
    this.#known = false;
    this.#stuck = false;
    this.#beyond.clear();
  }

  /** `entries` are acknowledged now. @returns the end of the prefix when it has grown. */
  add(entries: readonly EntryId[]): EntryId | undefined {
    this.#stuck = false;
    for (const { ledgerId, entryId } of entries) {
      if (!this.#known || ledgerId !== this.#ledgerId) {
        this.#stuck = true;
      } else if (entryId > this.#entryId) {
        this.#beyond.add(entryId);
      }
    }
    const before = this.#entryId;
    while (this.#beyond.delete(this.#entryId + 1)) {
      this.#entryId++;
    }
    if (this.#beyond.size > MAX_BEYOND) {
      this.forget();
    }
    this.#stuck ||= this.#beyond.size > 0 || !this.#known;
    return this.#known && this.#entryId > before
      ? { ledgerId: this.#ledgerId, entryId: this.#entryId }
      : undefined;
  }

  /** Whether the prefix has `entry` in it. */
  covers({ ledgerId, entryId }: EntryId): boolean {
    return this.#known && ledgerId === this.#ledgerId && entryId <= this.#entryId;
  }
}
