import type { PeekedRecord } from './peeked-record';

/** A record that is held until its turn has come. */
export interface Entry {
  readonly record: PeekedRecord;
  /** Milliseconds since the epoch; never less than that of the one before it in its shard. */
  readonly arrival: number;
}

/** What is known of one shard. */
export interface Lane {
  /** In the order of the shard. */
  readonly entries: readonly Entry[];
  /** Milliseconds since the epoch: what is still to be read has not arrived earlier. */
  readonly floor: number;
  /**
   * Monotonic instant since which reading has brought nothing, neither records nor the word that there are none yet;
   * infinite before the first answer.
   */
  readonly hungrySince: number;
  /** Whether nothing comes behind the entries. */
  readonly ended: boolean;
  /** @param now monotonic */
  shift(now: number): Entry | undefined;
  keep(count: number): void;
}

/** What may be held. */
export interface Room {
  readonly records: number;
  /** Of their data. */
  readonly bytes: number;
}

/**
 * Records of several shards by arrival, each shard in its own order; pure. A record waits for the shards that may have an
 * earlier one, but not for those that have brought nothing for `hold` milliseconds: an empty shard may need many reads to
 * say so.
 */
export class ArrivalMerge<L extends Lane> {
  readonly #hold: number;
  #lanes: L[] = [];

  constructor(hold: number) {
    this.#hold = hold;
  }

  get lanes(): readonly L[] {
    return this.#lanes;
  }

  add(lane: L): void {
    this.#lanes.push(lane);
  }

  /** Takes out the lanes that have ended and are empty. */
  dismiss(): L[] {
    const gone = this.#lanes.filter(({ ended, entries }) => ended && entries.length === 0);
    if (gone.length > 0) {
      this.#lanes = this.#lanes.filter((lane) => !gone.includes(lane));
    }
    return gone;
  }

  /** Takes the next record. @param now monotonic @returns undefined when none is there, or it has to wait */
  next(now: number): Entry | undefined {
    const first = this.#first();
    const head = first?.entries[0];
    if (head === undefined || this.#lanes.some((lane) => this.#holds(lane, head, now))) {
      return undefined;
    }
    return first?.shift(now);
  }

  /** Takes the next record of those that are held, whatever may come. */
  drain(now: number): Entry | undefined {
    return this.#first()?.shift(now);
  }

  /** Lanes that have to be read for the next record. */
  wanted(): L[] {
    const head = this.#first()?.entries[0];
    return this.#lanes.filter((lane) => isHungry(lane) && (head === undefined || lane.floor < head.arrival));
  }

  /** Monotonic instant, later than `now`, from which the next record waits for a lane less; infinite when there is none. */
  releaseAfter(now: number): number {
    const ends = this.wanted().map(({ hungrySince }) => hungrySince + this.#hold);
    return Math.min(...ends.filter((at) => at > now), Number.POSITIVE_INFINITY);
  }

  /** Keeps the records that come first, one at least, as long as there is room; lanes forget the others. */
  trim(room: Room): void {
    const held = this.#lanes.flatMap((lane, order) =>
      lane.entries.map((entry, index) => ({ lane, order, entry, index })),
    );
    if (held.length <= room.records && sizeOf(held) <= room.bytes) {
      return;
    }
    held.sort((a, b) => a.entry.arrival - b.entry.arrival || a.order - b.order || a.index - b.index);
    const kept = new Map<L, number>();
    let [records, bytes] = [0, 0];
    for (const { lane, entry } of held) {
      records++;
      bytes += entry.record.data.byteLength;
      if (records > 1 && (records > room.records || bytes > room.bytes)) {
        break;
      }
      kept.set(lane, (kept.get(lane) ?? 0) + 1);
    }
    for (const lane of this.#lanes) {
      lane.keep(kept.get(lane) ?? 0);
    }
  }

  #first(): L | undefined {
    let best: L | undefined;
    let arrival = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes) {
      const [head] = lane.entries;
      if (head !== undefined && head.arrival < arrival) {
        best = lane;
        arrival = head.arrival;
      }
    }
    return best;
  }

  #holds(lane: Lane, head: Entry, now: number): boolean {
    const mayBeEarlier = isHungry(lane) && lane.floor < head.arrival;
    return mayBeEarlier && now < lane.hungrySince + this.#hold;
  }
}

const isHungry = (lane: Lane): boolean => !lane.ended && lane.entries.length === 0;

function sizeOf(held: readonly { readonly entry: Entry }[]): number {
  return held.reduce((sum, { entry }) => sum + entry.record.data.byteLength, 0);
}
