import { firstLine, isConnectorError, messageOf } from '../errors';
import type { StatusError } from '../io';
import type { Clock } from '../util/clock';

/** Shards from which on those that are gone are looked for. */
const FIRST_SWEEP = 64;

/** What one instance has read and delivered since it was opened. */
export class SourceTally {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #shards = new Map<string, ShardTally>();
  #sweepAt = FIRST_SWEEP;
  #recordsIn = 0;
  #bytesIn = 0;
  #recordsOut = 0;
  #lastRecordAt: number | undefined;
  #lastError: StatusError | undefined;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  get recordsIn(): number {
    return this.#recordsIn;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** Confirmed by Pulsar. */
  get recordsOut(): number {
    return this.#recordsOut;
  }

  /** Milliseconds since the epoch. */
  get lastRecordAt(): number | undefined {
    return this.#lastRecordAt;
  }

  /** Of any shard, or of the source as a whole. */
  get lastError(): StatusError | undefined {
    return this.#lastError;
  }

  /** @param name of the shard, see SourceStream.nameOf */
  of(name: string): ShardTally | undefined {
    return this.#shards.get(name);
  }

  /**
   * The tally of a shard that is read from now on; it goes on where it was read before.
   * @param known the shards of the table; what was counted of others may be forgotten
   */
  begin(name: string, known: () => ReadonlySet<string>): ShardTally {
    const before = this.#shards.get(name);
    if (before !== undefined) {
      return before;
    }
    if (this.#shards.size >= this.#sweepAt) {
      this.#sweep(known());
    }
    const tally: ShardTally = {
      recordsRead: 0,
      bytesRead: 0,
      lastError: undefined,
      read: (records, bytes) => {
        tally.recordsRead += records;
        tally.bytesRead += bytes;
        this.#recordsIn += records;
        this.#bytesIn += bytes;
        this.#lastRecordAt = records > 0 ? this.#clock.now() : this.#lastRecordAt;
      },
      failed: (error) => {
        tally.lastError = this.failed(error);
      },
    };
    this.#shards.set(name, tally);
    return tally;
  }

  #sweep(known: ReadonlySet<string>): void {
    for (const name of this.#shards.keys()) {
      if (!known.has(name)) {
        this.#shards.delete(name);
      }
    }
    this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#shards.size);
  }

  delivered(records: number): void {
    this.#recordsOut += records;
  }

  failed(error: unknown): StatusError {
    const code = isConnectorError(error) ? error.code : 'UNKNOWN';
    this.#lastError = { code, message: firstLine(messageOf(error)), at: this.#clock.now() };
    return this.#lastError;
  }
}

/** The same of one shard. */
export interface ShardTally {
  recordsRead: number;
  bytesRead: number;
  lastError: StatusError | undefined;
  read(records: number, bytes: number): void;
  failed(error: unknown): void;
}
