import type { HashKeyRange } from '../../stream/hash-key';
import { ReadBudget } from './read-limits';
import { RecordLog, type StoredRecord } from './record-log';
import { END_COUNTER, formatSequence, sequencePrefix } from './sequence';
import { WriteBudget } from './write-limits';

/** A shard as ListShards and DescribeStream answer it. */
export interface ShardDescription {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly AdjacentParentShardId?: string;
  readonly HashKeyRange: { readonly StartingHashKey: string; readonly EndingHashKey: string };
  readonly SequenceNumberRange: {
    readonly StartingSequenceNumber: string;
    readonly EndingSequenceNumber?: string;
  };
}

export function shardIdOf(number: number): string {
  return `shardId-${String(number).padStart(12, '0')}`;
}

/** One shard with its records. Times are milliseconds since the epoch. */
export class Shard {
  readonly id: string;
  readonly startingSequenceNumber: string;
  readonly records = new RecordLog();
  readonly writeBudget = new WriteBudget();
  readonly readBudget = new ReadBudget();
  /** Called when a record was stored, the shard was closed, or a change of its stream has begun. */
  readonly watchers = new Set<() => void>();
  closedAt: number | undefined;
  endingSequenceNumber: string | undefined;
  children: readonly Shard[] = [];
  /** The newest record's number, also when that record is trimmed. */
  lastSequenceNumber: string | undefined;
  #counter = 0n;
  #lastArrival: number;
  readonly #sequence: (counter: bigint, seconds: number) => string;

  constructor(
    readonly number: number,
    /** Seconds since the epoch; part of every sequence number. Later than that of every parent. */
    readonly epoch: number,
    readonly range: HashKeyRange,
    readonly openedAt: number,
    readonly parentIds: readonly string[],
  ) {
    this.id = shardIdOf(number);
    this.#lastArrival = openedAt;
    this.#sequence = sequencePrefix(epoch, number);
    this.startingSequenceNumber = this.#sequence(0n, epoch);
  }

  get open(): boolean {
    return this.closedAt === undefined;
  }

  /** Stores a record. A clock that was set back does not make arrival times go back within the shard. */
  append(data: string, partitionKey: string, now: number): StoredRecord {
    this.#lastArrival = Math.max(this.#lastArrival, now);
    this.#counter++;
    const record: StoredRecord = {
      SequenceNumber: this.#sequence(this.#counter, Math.floor(this.#lastArrival / 1000)),
      ApproximateArrivalTimestamp: this.#lastArrival / 1000,
      Data: data,
      PartitionKey: partitionKey,
    };
    this.records.append(record);
    this.lastSequenceNumber = record.SequenceNumber;
    this.tell();
    return record;
  }

  close(at: number, children: readonly Shard[]): void {
    this.closedAt = at;
    this.children = children;
    this.endingSequenceNumber = formatSequence({
      epoch: this.epoch,
      shardNumber: this.number,
      counter: END_COUNTER,
      seconds: Math.floor(at / 1000),
    });
    this.tell();
  }

  /** A number behind every record there is, and before every one to come; it need not be that of a record. */
  progress(now: number): string {
    return this.#sequence(this.#counter, Math.floor(Math.max(now, this.#lastArrival) / 1000));
  }

  describe(): ShardDescription {
    const [parentId, adjacentId] = this.parentIds;
    return {
      ShardId: this.id,
      ...(parentId !== undefined && { ParentShardId: parentId }),
      ...(adjacentId !== undefined && { AdjacentParentShardId: adjacentId }),
      HashKeyRange: {
        StartingHashKey: this.range.start.toString(),
        EndingHashKey: this.range.end.toString(),
      },
      SequenceNumberRange: {
        StartingSequenceNumber: this.startingSequenceNumber,
        ...(this.endingSequenceNumber !== undefined && { EndingSequenceNumber: this.endingSequenceNumber }),
      },
    };
  }

  /** Has its watchers look again. */
  tell(): void {
    for (const watcher of this.watchers) {
      watcher();
    }
  }
}
