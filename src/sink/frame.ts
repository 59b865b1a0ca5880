import { AggregateWriter } from '../stream/aggregate-writer';
import type { EntryParts } from './entry';
import type { PendingEntry } from './pending-entry';
import type { ShardQueue } from './shard-queue';

export interface FrameLimits {
  /** Bytes of data and partition key of a frame; a record above that goes by itself. */
  readonly maxBytes: number;
  /** Records of a frame. */
  readonly maxCount: number;
  /** Milliseconds after which a record may not be sent any more. */
  readonly ttlMs: number;
}

/** One entry of a request. */
export type PutUnit = PendingEntry | Frame;

/** Records of one shard that are one entry of a request. It exists from then until the answer. */
export class Frame {
  readonly parts: EntryParts;
  /** Bytes of data and partition key. */
  readonly size: number;
  /** Those of a key one behind the other, in the order of their arrival. */
  readonly members: readonly PendingEntry[];
  /** The shard on which all of them belong. */
  readonly shardId: string;

  constructor(writer: AggregateWriter, members: readonly PendingEntry[], shardId: string) {
    this.parts = { ...writer.finish(), keyed: false };
    this.size = writer.size;
    this.members = members;
    this.shardId = shardId;
  }

  /** @returns those of the records whose turn it is; the others wait behind them again. */
  dissolve(): PendingEntry[] {
    const followers = new Set(this.members.map(({ successor }) => successor));
    for (const follower of this.members.filter((member) => followers.has(member))) {
      follower.state = 'waiting';
    }
    return this.members.filter(({ state }) => state !== 'waiting');
  }
}

/** How many records an entry of a request holds. */
export function recordsIn(unit: PutUnit): number {
  return unit instanceof Frame ? unit.members.length : 1;
}

/**
 * Takes `first`, the head of `queue`, and into one frame with it whatever fits and may go too. Entries of a key that
 * wait for each other go together, in their order.
 * @param room bytes that the request has left.
 * @param now monotonic milliseconds
 */
export function takeUnit(
  first: PendingEntry,
  queue: ShardQueue,
  limits: FrameLimits,
  room: number,
  now: number,
): PutUnit {
  const members: PendingEntry[] = [];
  const writer = new AggregateWriter(Math.min(limits.maxBytes, room, queue.allowance));
  const joins = (entry: PendingEntry): boolean =>
    !entry.alone && members.length < limits.maxCount && writer.add(entry.parts);
  for (let head = queue.head(); head !== undefined && joins(head); head = queue.head()) {
    queue.take();
    members.push(head);
    for (let next = head.successor; next !== undefined; next = next.successor) {
      // Another explicit hash key may mean another shard.
      const sameShard = next.parts.explicitHashKey === head.parts.explicitHashKey;
      if (!sameShard || next.arrivedAt + limits.ttlMs <= now || !joins(next)) {
        break;
      }
      next.state = 'sent';
      members.push(next);
    }
  }
  if (members.length > 1) {
    return new Frame(writer, members, queue.shardId);
  }
  if (members.length === 0) {
    queue.take();
  }
  return first;
}
