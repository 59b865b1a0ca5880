import type { ObservedLease } from './census';
import type { Lease } from './lease';
import type { LeaseView } from './lease-view';
import type { StreamId } from './row-key';

/** The table as this worker saw it last: the rows of every stream that it reads, each in a view of its own. */
export class TableView {
  readonly #views = new Map<StreamId | undefined, LeaseView>();
  #unread: ReadonlyMap<StreamId, number> = new Map();

  /** @param stream undefined in a table of one stream */
  add(stream: StreamId | undefined, view: LeaseView): void {
    this.#views.set(stream, view);
  }

  remove(stream: StreamId | undefined): void {
    this.#views.delete(stream);
  }

  /** See LeaseView.scanned. */
  scanned(leases: readonly Lease[], started: number, ended: number): void {
    const byStream = new Map<StreamId | undefined, Lease[]>();
    for (const lease of leases) {
      const group = byStream.get(lease.stream);
      if (group === undefined) {
        byStream.set(lease.stream, [lease]);
      } else {
        group.push(lease);
      }
    }
    for (const [stream, view] of this.#views) {
      view.scanned(byStream.get(stream) ?? [], started, ended);
      byStream.delete(stream);
    }
    this.#unread = new Map(Array.from(byStream, ([stream, { length }]) => [stream ?? '', length] as const));
  }

  /** See LeaseView.noted. */
  noted(lease: Lease, at: number): void {
    this.#views.get(lease.stream)?.noted(lease, at);
  }

  leases(): Lease[] {
    return Array.from(this.#views.values(), (view) => view.leases()).flat();
  }

  observed(): ObservedLease[] {
    return Array.from(this.#views.values(), (view) => view.observed()).flat();
  }

  /** How many rows the last scan showed of each stream that this worker does not read. */
  get unread(): ReadonlyMap<StreamId, number> {
    return this.#unread;
  }
}
