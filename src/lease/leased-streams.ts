import { ConnectorError } from '../errors';
import type { Logger } from '../util/logger';
import type { HeldLease } from './held-lease';
import type { Lease } from './lease';
import type { LeasedStream } from './leased-stream';
import type { StreamId } from './row-key';
import type { ShardNames } from './shard-names';
import { SharedScan } from './shared-scan';
import { StreamLeases, type StreamLeasesDeps } from './stream-leases';
import { TableView } from './table-view';

/** What of a row says to which stream it belongs. */
type OfStream = Pick<Lease, 'stream'>;

export interface LeasedStreamsDeps<S extends LeasedStream>
  extends Omit<StreamLeasesDeps, 'scans' | 'names' | 'late' | 'onFailed'> {
  readonly logger: Logger;
  /** See LeaseCoordinatorOptions. */
  readonly onNamed?: (stream: S, id: StreamId) => void;
  /** Something cannot heal of `stream`. */
  readonly onFailed: (error: unknown, stream: S) => void;
}

/** The streams that a worker reads, by how rows name them. */
export class LeasedStreams<S extends LeasedStream> implements ShardNames {
  /** Their rows. */
  readonly view = new TableView();
  readonly #streams = new Map<StreamId | undefined, StreamLeases<S>>();
  readonly #scans: SharedScan;
  #hasScanned = false;

  constructor(private readonly deps: LeasedStreamsDeps<S>) {
    this.#scans = new SharedScan(deps.table, deps.retry.clock);
  }

  /**
   * Makes the rows of a stream ready; from then on its leases may be taken.
   * @param late whether others are read already
   * @throws ConnectorError KINESIS_STREAM_TWICE, and see StreamLeases.start
   */
  async open(stream: S, late: boolean, signal: AbortSignal): Promise<StreamLeases<S>> {
    const leases = new StreamLeases(stream, {
      ...this.deps,
      scans: this.#scans,
      names: this,
      late,
      onFailed: (error) => this.deps.onFailed(error, stream),
    });
    try {
      await leases.start(signal, () => this.#add(leases));
      return leases;
    } catch (error) {
      this.#remove(leases);
      throw error;
    }
  }

  values(): Iterable<StreamLeases<S>> {
    return this.#streams.values();
  }

  /** @throws ConnectorError ILLEGAL_STATE when the stream is not read */
  of({ stream }: OfStream): StreamLeases<S> {
    const leases = this.#streams.get(stream);
    if (leases === undefined) {
      throw new ConnectorError('ILLEGAL_STATE', `stream ${stream} is not read`);
    }
    return leases;
  }

  /** Whether the lease may be taken. */
  isWanted({ stream, shardId }: Lease): boolean {
    const leases = this.#streams.get(stream);
    return leases?.isReady === true && leases.isWanted(shardId);
  }

  /** The row of a shard of the same stream as `lease`. */
  siblingOf({ stream }: OfStream, shardId: string): Lease | undefined {
    return this.#streams.get(stream)?.view.get(shardId);
  }

  streamOf(lease: OfStream): string {
    return this.of(lease).stream.label;
  }

  nameOf(lease: OfStream & Pick<Lease, 'shardId'>): string {
    return this.of(lease).stream.nameOf(lease.shardId);
  }

  /** The view shows another scan. @param held leases whose consumer has not ended */
  scanned(held: Iterable<HeldLease>, signal: AbortSignal): void {
    for (const leases of this.#streams.values()) {
      if (leases.isReady) {
        leases.scanned(signal);
      }
    }
    this.#forgetGone(held);
    if (!this.#hasScanned && this.view.unread.size > 0) {
      const rows = Object.fromEntries(this.view.unread);
      this.deps.logger.info({ rows }, 'rows of streams that are not read here are left alone');
    }
    this.#hasScanned = true;
  }

  #add(leases: StreamLeases<S>): void {
    const { id, stream, view } = leases;
    const twin = this.#streams.get(id);
    if (twin !== undefined) {
      throw new ConnectorError('KINESIS_STREAM_TWICE', 'two streams have one name in the lease table', {
        expected: 'streams of different names, accounts or times of creation',
        found: `${id} for ${twin.stream.label} and ${stream.label}`,
      });
    }
    this.#streams.set(id, leases);
    this.view.add(id, view);
    if (id !== undefined) {
      this.deps.onNamed?.(stream, id);
    }
  }

  #remove(leases: StreamLeases<S>): void {
    if (this.#streams.get(leases.id) === leases) {
      this.#streams.delete(leases.id);
      this.view.remove(leases.id);
    }
  }

  /** A stream that has vanished is forgotten when its last row is deleted. */
  #forgetGone(held: Iterable<HeldLease>): void {
    const gone = [...this.#streams.values()].filter(
      ({ isReady, stream, view }) => isReady && stream.isGone() && view.isEmpty,
    );
    const read = new Set(Array.from(gone.length === 0 ? [] : held, ({ lease }) => lease.stream));
    for (const leases of gone) {
      if (!read.has(leases.id)) {
        this.#remove(leases);
        void leases.stop();
      }
    }
  }
}
