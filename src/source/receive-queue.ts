import type { RecordPartition } from '../io';
import { Ring } from '../util/ring';

/** Records handed out of one tenure before the next one has its turn. */
const TURN = 128;

/** What waits of one tenure. */
export interface QueuedTenure<R> {
  readonly partition: RecordPartition;
  readonly records: Ring<R>;
}

/**
 * Records read and not yet handed to the runner, fair between tenures: each has its turn, and one that is not
 * accepted (its producer is stalled) is passed over without holding up the others.
 */
export class ReceiveQueue<R extends { readonly partition: RecordPartition }> {
  readonly #tenures = new Map<RecordPartition, Ring<R>>();
  /** Tenures with records, in the order of their turns. */
  #turns: RecordPartition[] = [];
  #size = 0;
  #waiting: { take(): void; reject(cause: unknown): void } | undefined;
  #closed: Error | undefined;
  readonly #onTaken: (partition: RecordPartition) => void;

  /** @param onTaken told after records of a tenure were handed out. */
  constructor(onTaken: (partition: RecordPartition) => void) {
    this.#onTaken = onTaken;
  }

  get size(): number {
    return this.#size;
  }

  /** Records of one tenure that wait. */
  sizeOf(partition: RecordPartition): number {
    return this.#tenures.get(partition)?.length ?? 0;
  }

  push(partition: RecordPartition, records: readonly R[]): void {
    if (records.length === 0 || this.#closed !== undefined) {
      return;
    }
    let ring = this.#tenures.get(partition);
    if (ring === undefined) {
      ring = new Ring();
      this.#tenures.set(partition, ring);
    }
    if (ring.length === 0) {
      this.#turns.push(partition);
    }
    for (const record of records) {
      ring.push(record);
    }
    this.#size += records.length;
    this.#waiting?.take();
  }

  /** Takes a tenure out; what it had waiting is returned, not handed out. */
  drop(partition: RecordPartition): R[] {
    const ring = this.#tenures.get(partition);
    if (ring === undefined) {
      return [];
    }
    this.#tenures.delete(partition);
    this.#turns = this.#turns.filter((other) => other !== partition);
    this.#size -= ring.length;
    return [...ring];
  }

  /**
   * Up to `max` records of tenures that `accepts`, at least one; waits until there is one. One call at a time.
   * @throws the error given to `close`.
   */
  take(max: number, accepts: (partition: RecordPartition) => boolean): Promise<R[]> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        const batch = this.#collect(max, accepts);
        if (batch.length > 0) {
          this.#waiting = undefined;
          resolve(batch);
        }
      };
      if (this.#closed !== undefined) {
        reject(this.#closed);
        return;
      }
      if (this.#waiting !== undefined) {
        reject(new Error('take() was called while another call waits'));
        return;
      }
      this.#waiting = { take: attempt, reject };
      attempt();
    });
  }

  /** Looks again whether a waiting `take` can be answered: what its caller accepts has changed. */
  wake(): void {
    this.#waiting?.take();
  }

  /** From now on nothing is handed out: `take` rejects with `reason`. Returns what waited. */
  close(reason: Error): R[] {
    this.#closed = reason;
    const left = [...this.#tenures.values()].flatMap((ring) => [...ring]);
    this.#tenures.clear();
    this.#turns = [];
    this.#size = 0;
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
    return left;
  }

  #collect(max: number, accepts: (partition: RecordPartition) => boolean): R[] {
    const batch: R[] = [];
    const taken: RecordPartition[] = [];
    let passes = this.#turns.length;
    while (passes > 0 && batch.length < max) {
      passes--;
      const partition = this.#turns.shift() as RecordPartition;
      const ring = this.#tenures.get(partition);
      if (ring === undefined || ring.length === 0) {
        continue;
      }
      if (accepts(partition)) {
        const count = Math.min(TURN, max - batch.length, ring.length);
        for (let i = 0; i < count; i++) {
          batch.push(ring.shift() as R);
        }
        this.#size -= count;
        taken.push(partition);
      }
      if (ring.length > 0) {
        this.#turns.push(partition);
      }
    }
    for (const partition of taken) {
      this.#onTaken(partition);
    }
    return batch;
  }
}
