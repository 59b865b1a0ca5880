import type { StreamDescription } from '../aws/kinesis-api';
import { ConnectorError } from '../errors';
import { isFinished, type Lease } from './lease';
import type { LeaseTable } from './lease-table';
import { smallestStartAt } from './lease-view';
import type { LeasedStream } from './leased-stream';
import { isNamesake, leaseKey, type StreamId, streamIdentityOf, streamIdOf } from './row-key';
import type { LeaseFacts, NewLease } from './serializer';
import type { SharedScan, TableScan } from './shared-scan';

/** The rows of one stream as a scan of the table shows them. */
export interface StreamScan extends TableScan {
  /** The smallest `startAt` of the other streams: where the application has begun. */
  readonly othersBegan: number | undefined;
}

export interface StreamRowsDeps {
  readonly table: LeaseTable;
  readonly scans: SharedScan;
  readonly stream: Pick<LeasedStream, 'label' | 'found'>;
}

/** The part of a lease table that belongs to one stream, its rows named by shard id. */
export class StreamRows {
  #id: StreamId | undefined;
  #identity = '';

  constructor(private readonly deps: StreamRowsDeps) {}

  /** To be called before anything else. */
  belongTo(description: StreamDescription): void {
    const { table } = this.deps;
    this.#identity = streamIdentityOf(description);
    if (table.layout === 'ONE_STREAM') {
      table.belongsTo(description.arn);
    } else {
      this.#id = streamIdOf(description);
    }
  }

  /** Names the stream in its rows; undefined in a table of one stream. */
  get id(): StreamId | undefined {
    return this.#id;
  }

  /** See streamIdentityOf. */
  get identity(): string {
    return this.#identity;
  }

  /** One attempt. @throws ConnectorError KINESIS_STREAM_RECREATED, and see LeaseTable.scan */
  async scan(signal: AbortSignal): Promise<StreamScan> {
    const { at, leases } = await this.deps.scans.run(signal);
    const own = leases.filter(({ stream }) => stream === this.#id);
    const others = leases.filter(({ stream }) => stream !== this.#id);
    this.#refuseNamesake(others);
    return { at, leases: own, othersBegan: smallestStartAt(others) };
  }

  get(shardId: string, signal: AbortSignal): Promise<Lease | undefined> {
    return this.deps.table.get(this.#key(shardId), signal);
  }

  /** See LeaseTable.create. */
  create(lease: NewLease, signal: AbortSignal): Promise<Lease | undefined> {
    return this.deps.table.create({ ...lease, stream: this.#id }, signal);
  }

  /** See LeaseTable.fill. */
  fill(shardId: string, facts: LeaseFacts, signal: AbortSignal): Promise<boolean> {
    return this.deps.table.fill(this.#key(shardId), facts, signal);
  }

  /** See LeaseTable.deleteFinished. */
  deleteFinished(shardId: string, signal: AbortSignal): Promise<boolean> {
    return this.deps.table.deleteFinished(this.#key(shardId), signal);
  }

  #key(shardId: string): string {
    return leaseKey(this.#id, shardId);
  }

  /** What was read of a deleted stream says nothing of the one that has its name now. */
  #refuseNamesake(others: readonly Lease[]): void {
    const id = this.#id;
    const { label, found } = this.deps.stream;
    const namesake = others.find(
      (lease) =>
        id !== undefined && lease.stream !== undefined && isNamesake(id, lease.stream) && !isFinished(lease),
    );
    if (namesake !== undefined && !found) {
      throw new ConnectorError('KINESIS_STREAM_RECREATED', `stream ${label} is not the one that was read`, {
        expected: `rows of ${id}`,
        found: `row ${namesake.key}`,
        hint: `Delete the rows of ${namesake.stream} to read the new stream from its start, or use another applicationName.`,
      });
    }
  }
}
