import { isConnectorError, messageOf } from '../errors';
import type { StatusError } from '../io';
import { FlowTally } from '../metrics/flow-tally';

/** Shards from which on those that are gone are looked for. */
const FIRST_SWEEP = 64;

/** What one instance has read and delivered since it was opened. Its last error is that of any shard, or of the source. */
export class SourceTally extends FlowTally {
  readonly #shards = new Map<string, ShardTally>();
  #sweepAt = FIRST_SWEEP;

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
        this.tookIn(records, bytes);
        if (records > 0) {
          this.touch();
        }
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

  /** Pulsar has confirmed them. */
  delivered(records: number): void {
    this.gotRidOf(records);
  }

  failed(error: unknown): StatusError {
    const code = isConnectorError(error) ? error.code : 'UNKNOWN';
    return this.fail(code, messageOf(error));
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
