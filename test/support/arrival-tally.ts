import { compareSequenceNumbers } from '../../src/stream/extended-sequence-number';

/** A record as Kinesis took it. */
export interface SentRecord {
  readonly key: string;
  readonly shardId: string;
  readonly sequenceNumber: string;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** A message as it came out of a connector. */
export interface Message {
  /** Which record it says it is, counted from 0. */
  readonly number: number;
  readonly key: string | null;
  readonly shardId: string | undefined;
  readonly sequenceNumber: string | undefined;
  /** Name of the process that sent it. */
  readonly worker: string;
  /** Monotonic milliseconds. */
  readonly at: number;
}

export interface Arrival {
  readonly number: number;
  readonly shardId: string;
  readonly worker: string;
  readonly at: number;
  /** Whether the record had not arrived before. */
  readonly first: boolean;
}

/** A record stored behind a later one of the same key or shard. */
export interface Disorder {
  readonly number: number;
  readonly behind: number;
  readonly of: 'key' | 'shard';
  readonly worker: string;
}

/** Compares what came out of several connectors, in the order in which it came, with what was put. */
export class ArrivalTally {
  /** Every arrival that is a record sent, in order. */
  readonly arrivals: Arrival[] = [];
  /** First arrivals behind a later record of the same key or shard (G2); later copies may come at any time. */
  readonly disorders: Disorder[] = [];
  /** Arrivals that are no record sent, or one with another key, shard or sequence number. */
  readonly altered: Message[] = [];
  readonly #sent: SentRecord[] = [];
  readonly #ofShard = new Map<string, Arrival[]>();
  readonly #seen = new Set<number>();
  readonly #lastOfKey = new Map<string, number>();
  readonly #lastOfShard = new Map<string, number>();
  #complete = 0;
  #duplicates = 0;
  #longestDelay = 0;

  /** Records are sent in the order of their sequence numbers. @returns the number that its message has to show. */
  sent(record: SentRecord): number {
    this.#sent.push(record);
    return this.#sent.length - 1;
  }

  arrived(message: Message): void {
    const { number, worker, at } = message;
    const record = this.#sent[number];
    if (
      record === undefined ||
      record.key !== message.key ||
      record.shardId !== message.shardId ||
      record.sequenceNumber !== message.sequenceNumber
    ) {
      this.altered.push(message);
      return;
    }
    const first = !this.#seen.has(number);
    const arrival = { number, shardId: record.shardId, worker, at, first };
    this.arrivals.push(arrival);
    const history = this.#ofShard.get(record.shardId);
    if (history === undefined) {
      this.#ofShard.set(record.shardId, [arrival]);
    } else {
      history.push(arrival);
    }
    if (!first) {
      this.#duplicates++;
      return;
    }
    this.#seen.add(number);
    while (this.#seen.has(this.#complete)) {
      this.#complete++;
    }
    this.#longestDelay = Math.max(this.#longestDelay, at - record.at);
    this.#keepOrder(this.#lastOfKey, record.key, number, 'key', worker);
    this.#keepOrder(this.#lastOfShard, record.shardId, number, 'shard', worker);
  }

  get sentCount(): number {
    return this.#sent.length;
  }

  /** Arrivals of a record beyond its first one. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Longest time that any record took to arrive first, milliseconds. */
  get longestDelay(): number {
    return this.#longestDelay;
  }

  /** Every record below this number has arrived. */
  get complete(): number {
    return this.#complete;
  }

  get missingCount(): number {
    return this.#sent.length - this.#seen.size;
  }

  /** Records that have not arrived yet. */
  missing(): SentRecord[] {
    return this.#sent.filter((_, number) => !this.#seen.has(number));
  }

  /** Every arrival of a shard, in order. */
  ofShard(shardId: string): readonly Arrival[] {
    return this.#ofShard.get(shardId) ?? [];
  }

  /** The first arrival of a shard since then that `counts`. */
  firstSince(shardId: string, since: number, counts: (arrival: Arrival) => boolean): Arrival | undefined {
    const history = this.ofShard(shardId);
    let first: Arrival | undefined;
    for (let index = history.length - 1; index >= 0; index--) {
      const arrival = history[index];
      if (arrival === undefined || arrival.at < since) {
        break;
      }
      first = counts(arrival) ? arrival : first;
    }
    return first;
  }

  /** Arrivals from `worker` within a time, both ends included; of these shards only, when given. */
  within(from: number, to: number, worker: string, shardIds?: ReadonlySet<string>): Arrival[] {
    return this.arrivals.filter(
      (arrival) =>
        arrival.at >= from &&
        arrival.at <= to &&
        arrival.worker === worker &&
        (shardIds?.has(arrival.shardId) ?? true),
    );
  }

  #keepOrder(
    last: Map<string, number>,
    of: string,
    number: number,
    kind: Disorder['of'],
    worker: string,
  ): void {
    const before = last.get(of);
    if (before !== undefined && this.#isBehind(kind, number, before)) {
      this.disorders.push({ number, behind: before, of: kind, worker });
    } else {
      last.set(of, number);
    }
  }

  /** Of a key the order of putting counts, which goes on across splits and merges; of a shard its own numbers. */
  #isBehind(kind: Disorder['of'], number: number, before: number): boolean {
    const [record, earlier] = [this.#sent[number], this.#sent[before]];
    return kind === 'key' || record === undefined || earlier === undefined
      ? number < before
      : compareSequenceNumbers(record.sequenceNumber, earlier.sequenceNumber) < 0;
  }
}

/** Arrivals at most so far apart came by one answer of Kinesis. */
const TOGETHER_MS = 20;

/** Median time between two groups of arrivals of a shard; 0 when there are no two. `at` in ascending order. */
export function usualSilence(at: readonly number[]): number {
  const silences = at
    .map((time, index) => time - (at[index - 1] ?? time))
    .filter((silence) => silence > TOGETHER_MS)
    .sort((a, b) => a - b);
  return silences[Math.floor(silences.length / 2)] ?? 0;
}

/** Arrivals that show how often they come. */
const USUAL_ARRIVALS = 200;

/** How long a shard was silent when it went from one worker to another, and how long it usually is. */
export interface Gap {
  readonly shardId: string;
  readonly ms: number;
  readonly usualMs: number;
}

/**
 * The silence of one shard when it went from `old` to another worker: from its last arrival from `old` to the first
 * one from another since `since`; undefined when it stayed. What `old` sent behind that is no silence at all.
 * @param history arrivals of the shard, in order
 */
export function gapOf(history: readonly Arrival[], old: string, since: number): Gap | undefined {
  const moved = history.find(({ worker, at }) => at >= since && worker !== old);
  const last = history.findLast(
    ({ worker, at }) => worker === old && (moved === undefined || at <= moved.at),
  );
  if (moved === undefined || last === undefined) {
    return undefined;
  }
  const before = history.filter(({ at, worker }) => at < since && worker === old).map(({ at }) => at);
  return {
    shardId: moved.shardId,
    ms: moved.at - last.at,
    usualMs: usualSilence(before.slice(-USUAL_ARRIVALS)),
  };
}
