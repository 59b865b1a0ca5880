import type { Clock } from '../util/clock';
import type { Lease } from './lease';
import type { LeaseTable } from './lease-table';
import { type Instant, instantOf } from './validity';

/** A complete scan of the table. */
export interface TableScan {
  readonly leases: readonly Lease[];
  /** When it began. */
  readonly at: Instant;
}

/** Scans for many streams at once: whoever asks while one is under way shares the next, which begins after it asked. */
export class SharedScan {
  #running: Promise<TableScan> | undefined;
  #next: Promise<TableScan> | undefined;

  constructor(
    private readonly table: Pick<LeaseTable, 'scan'>,
    private readonly clock: Clock,
  ) {}

  /** One attempt. @param signal the same for all. @throws see LeaseTable.scan */
  run(signal: AbortSignal): Promise<TableScan> {
    if (this.#running === undefined) {
      return this.#begin(signal);
    }
    const begin = () => this.#begin(signal);
    this.#next ??= this.#running.then(begin, begin);
    return this.#next;
  }

  #begin(signal: AbortSignal): Promise<TableScan> {
    this.#next = undefined;
    const scan = this.#scan(signal).finally(() => {
      if (this.#running === scan) {
        this.#running = undefined;
      }
    });
    this.#running = scan;
    return scan;
  }

  async #scan(signal: AbortSignal): Promise<TableScan> {
    const at = instantOf(this.clock);
    return { at, leases: await this.table.scan(signal) };
  }
}
