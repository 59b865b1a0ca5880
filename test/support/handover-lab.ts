import type { LeaseCoordinatorOptions } from '../../src/lease/lease-coordinator-options';
import { compare, type ExtendedSequenceNumber } from '../../src/stream/extended-sequence-number';
import { HandingWorker, type Step } from './handing-worker';
import { LeaseLab } from './lease-lab';

/** Workers as processes that drain and evict when they are asked to, and everything they write looked at. */
export class HandoverLab extends LeaseLab {
  readonly violations: string[] = [];
  /** Every write that took effect: `worker step shard @ms`. */
  readonly history: string[] = [];
  readonly #checkpoints = new Map<string, ExtendedSequenceNumber>();
  readonly #workers: HandingWorker[] = [];

  /** @param prepare called before it starts */
  async start(
    name: string,
    options: Partial<LeaseCoordinatorOptions> = {},
    prepare: (worker: HandingWorker) => void = () => undefined,
  ): Promise<HandingWorker> {
    const worker = new HandingWorker(this, name, options);
    this.#workers.push(worker);
    prepare(worker);
    let started = false;
    worker.start().then(() => {
      started = true;
    });
    while (!started && worker.process.runs) {
      await this.clock.advance(1);
    }
    return worker;
  }

  /** Advances in small steps and looks after each one that no two processes hold a lease at once (G4). */
  async run(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      await this.clock.advance(Math.min(100, left));
      for (const shardId of this.shardIds()) {
        const holders = this.#workers.filter((worker) => worker.process.runs && worker.sends(shardId));
        if (holders.length > 1) {
          this.violations.push(`${shardId} is held by ${holders.map(({ name }) => name).join(' and ')}`);
        }
      }
    }
  }

  /** Milliseconds until every shard is held by one of `workers` alone, as rows and consumers say; Infinity if never. */
  async untilOwned(workers: readonly HandingWorker[], limitMs: number): Promise<number> {
    for (let ms = 0; ms <= limitMs; ms += 100) {
      if (this.ownedBy(workers)) {
        return ms;
      }
      await this.run(100);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Runs until a write of that kind was made: `worker step shard`. */
  async until(write: string): Promise<void> {
    const made = (): boolean => this.history.some((line) => line.startsWith(`${write} `));
    for (let looks = 0; !made(); looks++) {
      if (looks > 1000) {
        throw new Error(`no ${write} in ${this.history.join(', ')}`);
      }
      await this.run(10);
    }
  }

  ownedBy(workers: readonly HandingWorker[]): boolean {
    return this.rows().every(({ leaseKey, leaseOwner }) =>
      workers.some(({ name, shards }) => leaseOwner === name && shards.includes(String(leaseKey))),
    );
  }

  wrote(worker: string, step: Step, shardId: string): void {
    this.history.push(`${worker} ${step} ${shardId.slice(-1)} @${this.clock.monotonic()}`);
    const row = this.row(shardId);
    const checkpoint = {
      sequenceNumber: String(row?.checkpoint),
      subSequenceNumber: Number(row?.checkpointSubSequenceNumber),
    };
    const before = this.#checkpoints.get(shardId);
    if (before !== undefined && compare(checkpoint, before) < 0) {
      this.violations.push(`${worker} moved the checkpoint of ${shardId} back by ${step}`);
    }
    this.#checkpoints.set(shardId, checkpoint);
  }

  /** Milliseconds between the newest writes of two kinds, whoever made them. */
  between(first: Step, second: Step): number {
    const at = (step: Step): number =>
      Number(this.history.findLast((line) => line.includes(` ${step} `))?.split('@')[1]);
    return at(second) - at(first);
  }
}
