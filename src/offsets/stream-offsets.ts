import type { StreamDescription } from '../aws/kinesis-api';
import type { RetryPolicy } from '../aws/retry';
import { ConnectorError } from '../errors';
import { instantOfLease, type Lease } from '../lease/lease';
import type { TableLayout } from '../lease/lease-table';
import type { LeasedStream } from '../lease/leased-stream';
import { type StreamId, streamIdOf } from '../lease/row-key';
import type { NewLease } from '../lease/serializer';
import { describeUsable, listShardMap, listStart, requireSameStream } from '../lease/shard-listing';
import { anchorAmong } from '../lease/start-anchor';
import { requirePast } from '../lease/table-start';
import {
  compareSequenceNumbers,
  type ExtendedSequenceNumber,
  extendedSequenceNumber,
} from '../stream/extended-sequence-number';
import type { Shard } from '../stream/shard';
import { parentIds } from '../stream/shard-graph';
import { frozenLatest, instantOf, type StartPosition } from '../stream/start-position';
import { movedTo, type OffsetsRow, offsetsRow } from './offsets-row';
import { type ProvenShard, proveRecord } from './record-proof';

/** Where a shard, or a stream, is set back to. */
export type ResetPosition =
  | { readonly type: 'TRIM_HORIZON' }
  | { readonly type: 'LATEST' }
  /** Milliseconds since the epoch; it has passed. */
  | { readonly type: 'AT_TIMESTAMP'; readonly timestamp: number };

export interface StreamOffsetsOptions {
  readonly stream: Pick<LeasedStream, 'ref' | 'label' | 'nameOf'> & {
    readonly kinesis: LeasedStream['kinesis'] & ProvenShard['kinesis'];
  };
  readonly layout: TableLayout;
  readonly retry: RetryPolicy;
}

/** One stream whose offsets are changed: what its rows should be. Writes nothing. */
export class StreamOffsets {
  readonly label: string;
  /** Of its rows; undefined in a table of one stream. */
  readonly id: StreamId | undefined;
  readonly arn: string;
  readonly #description: StreamDescription;
  readonly #shards: ReadonlyMap<string, Shard>;
  readonly #options: StreamOffsetsOptions;

  private constructor(
    options: StreamOffsetsOptions,
    description: StreamDescription,
    shards: ReadonlyMap<string, Shard>,
  ) {
    this.#options = options;
    this.#description = description;
    this.#shards = shards;
    this.label = options.stream.label;
    this.arn = description.arn;
    this.id = options.layout === 'ONE_STREAM' ? undefined : streamIdOf(description);
  }

  /** Looks at the stream, then at its shards. @throws what cannot heal */
  static async open(options: StreamOffsetsOptions, signal: AbortSignal): Promise<StreamOffsets> {
    const { stream, retry } = options;
    const description = await describeUsable(stream.kinesis, stream.ref, retry, signal);
    const shards = await listShardMap(listing(options), signal);
    return new StreamOffsets(options, description, shards);
  }

  /** Whether `row` of the table belongs to this stream. */
  owns({ stream }: Pick<Lease, 'stream'>): boolean {
    return stream === this.id;
  }

  /**
   * The rows with which a source begins that finds an empty table and starts at `to`. LATEST is now.
   * @throws ConnectorError START_POSITION_IN_FUTURE, and what cannot heal
   */
  async begin(to: ResetPosition, signal: AbortSignal): Promise<OffsetsRow[]> {
    const start = this.#start(to);
    const startAt = instantOf(start);
    const first = await listStart(listing(this.#options), start, this.#description, signal);
    const rows = first.map(({ shard, checkpoint, parents }) =>
      this.#newLease(shard, checkpoint, parents, startAt),
    );
    if (startAt !== undefined) {
      const anchor = anchorAmong(rows, startAt, this.arn);
      if (!rows.includes(anchor)) {
        rows.unshift({ ...anchor, stream: this.id });
      }
    }
    return rows.map(asOffsets);
  }

  /** The row of one shard, set back to `to`. @throws ConnectorError OFFSETS_SHARD_UNKNOWN */
  resetShard(row: Lease | undefined, shardId: string, to: ResetPosition): OffsetsRow {
    const start = this.#start(to);
    const before = this.#rowOf(row, shardId);
    return movedTo(before, {
      checkpoint: extendedSequenceNumber(start.type),
      readFrom: instantOf(start) ?? 0,
    });
  }

  /**
   * The row of one shard, with everything up to and with `checkpoint` read.
   * @throws ConnectorError OFFSETS_SHARD_UNKNOWN, OFFSETS_SEQUENCE_OUTSIDE
   */
  setShard(row: Lease | undefined, shardId: string, checkpoint: ExtendedSequenceNumber): OffsetsRow {
    const shard = this.#shards.get(shardId);
    const { sequenceNumber } = checkpoint;
    if (shard !== undefined) {
      const { startingSequenceNumber: first, endingSequenceNumber: last } = shard;
      const isInside =
        compareSequenceNumbers(sequenceNumber, first) >= 0 &&
        (last === undefined || compareSequenceNumbers(sequenceNumber, last) <= 0);
      if (!isInside) {
        throw new ConnectorError(
          'OFFSETS_SEQUENCE_OUTSIDE',
          `${this.#options.stream.nameOf(shardId)} has no such record`,
          {
            expected: last === undefined ? `at least ${first}` : `${first} to ${last}`,
            found: sequenceNumber,
          },
        );
      }
    }
    const before = this.#rowOf(row, shardId);
    return movedTo(before, { checkpoint, readFrom: undefined });
  }

  /**
   * Asks Kinesis whether `checkpoint` is a record of the shard: see proveRecord.
   * @returns undefined where nothing is left to look at: the shard is listed no more
   */
  async prove(
    shardId: string,
    checkpoint: ExtendedSequenceNumber,
    signal: AbortSignal,
  ): Promise<'THERE' | 'PASSED' | undefined> {
    if (!this.#shards.has(shardId)) {
      return undefined;
    }
    const { stream, retry } = this.#options;
    const shard = { kinesis: stream.kinesis, ref: stream.ref, shardId, name: stream.nameOf(shardId) };
    return proveRecord(shard, checkpoint, retry, signal);
  }

  /**
   * `rows`, which a file or another table holds of this stream, as rows of its table.
   * @throws ConnectorError KINESIS_STREAM_RECREATED, LEASE_TABLE_OTHER_STREAM: they are of another stream
   */
  adopt(rows: readonly OffsetsRow[]): OffsetsRow[] {
    requireSameStream(
      this.#options.stream.ref,
      rows.filter(({ anchor }) => !anchor),
      this.#shards,
    );
    return rows.map((row) => {
      // A KCL row keeps no instant for LATEST: from now on it means the one of this import.
      const isLost = row.checkpoint.sequenceNumber === 'LATEST' && instantOfLease(row) === undefined;
      const startAt = isLost ? instantOf(this.#start({ type: 'LATEST' })) : row.startAt;
      return { ...offsetsRow(row), startAt, stream: this.id, streamArn: this.arn };
    });
  }

  /** Whether `row`, of a file or of another table, names this stream. @param only whether no other one can be meant */
  isMeantBy({ stream, streamArn }: OffsetsRow, only: boolean): boolean {
    if (stream !== undefined) {
      return stream === streamIdOf(this.#description);
    }
    return streamArn === undefined ? only : streamArn === this.arn;
  }

  /** Shards that descend from `shardId` and have rows: they go on where they are. */
  descendants(shardId: string, rows: readonly Lease[]): string[] {
    const found: string[] = [];
    const queue = [shardId];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      for (const row of rows) {
        if (this.owns(row) && row.parentShardIds.includes(id) && !found.includes(row.shardId)) {
          found.push(row.shardId);
          queue.push(row.shardId);
        }
      }
    }
    return found;
  }

  #start(to: ResetPosition): StartPosition {
    const { serviceTime, createdAt } = this.#description;
    const now = serviceTime ?? this.#options.retry.clock.now();
    if (to.type === 'AT_TIMESTAMP') {
      requirePast(to.timestamp, now, 'the instant');
    }
    return to.type === 'LATEST' ? frozenLatest(now, createdAt) : to;
  }

  #rowOf(row: Lease | undefined, shardId: string): OffsetsRow {
    if (row !== undefined) {
      return row;
    }
    const shard = this.#shards.get(shardId);
    if (shard === undefined) {
      throw new ConnectorError('OFFSETS_SHARD_UNKNOWN', `stream ${this.label} has no shard ${shardId}`, {
        expected: 'a shard that is listed, or has a lease',
        found: shardId,
      });
    }
    return asOffsets(
      this.#newLease(shard, extendedSequenceNumber('TRIM_HORIZON'), parentIds(shard), undefined),
    );
  }

  #newLease(
    { shardId, startingHashKey, endingHashKey }: Shard,
    checkpoint: ExtendedSequenceNumber,
    parentShardIds: readonly string[],
    startAt: number | undefined,
  ): NewLease {
    const hashRange = { startingHashKey, endingHashKey };
    return {
      stream: this.id,
      shardId,
      checkpoint,
      parentShardIds,
      hashRange,
      startAt,
      streamArn: this.arn,
    };
  }
}

function asOffsets(row: NewLease): OffsetsRow {
  return {
    ...row,
    stream: row.stream,
    childShardIds: [],
    readFrom: undefined,
    caughtUpAt: undefined,
    anchor: row.anchor ?? false,
  };
}

function listing({ stream, retry }: StreamOffsetsOptions) {
  return { kinesis: stream.kinesis, stream: stream.ref, retry, isGone: () => false };
}
