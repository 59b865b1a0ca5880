/** What one worker may do with one shard, as its writes show it to everybody. */
export interface Claim {
  readonly worker: string;
  readonly shardId: string;
  /** Monotonic milliseconds; by the attempt that took effect last. */
  validUntil: number;
  /** When it became valid, or became so again after it had run out. */
  validSince: number;
  /** `leaving`: an attempt to give it up has begun; `told`: an answer has shown that it is another's. */
  state: 'held' | 'leaving' | 'left' | 'told';
  /** Highest place that the worker knows to be stored. */
  confirmed: number;
  readonly lanes: Set<Lane>;
  /** Request for the lease that answers to the worker have shown. */
  request: string | undefined;
  /** A write of the worker has had no answer yet. */
  writes: boolean;
  /** Writes that its worker waits for. */
  underWay: number;
}

/** The sends of one worker for one shard, from the start of its consumer to its end. */
export interface Lane {
  readonly worker: string;
  claim: Claim | undefined;
  /** Up to this place all that was sent is confirmed. */
  confirmed: number;
  /** Places confirmed behind others that are not: partitions of a topic answer each for itself. */
  readonly ahead: Set<number>;
  /** Places sent by its producer and not confirmed, in order. */
  readonly inFlight: Set<number>;
  /** Place before its first one; undefined until that is sent. */
  start: number | undefined;
  lastSent: number;
  /** No producer of it is open. */
  closed: boolean;
}

/** One write of a worker, from the moment it asked for it. */
export interface Attempt {
  readonly worker: string;
  /** What its worker had when it asked. */
  readonly claim: Claim | undefined;
  readonly shardId: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** What its claim had confirmed then, and of that what lanes not yet closed had. */
  readonly confirmed: number;
  readonly open: number;
  readonly counter: number | undefined;
  /** Request for the lease that answers to the worker had shown then. */
  readonly request: string | undefined;
}
