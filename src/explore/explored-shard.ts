import { MAX_HASH_KEY } from '../stream/hash-key';
import { parseSequence } from '../stream/sequence-parts';
import type { Shard } from '../stream/shard';
import { isOpen, parentIds, shardGraph } from '../stream/shard-graph';

/** A shard as exploring shows it. */
export interface ExploredShard extends Shard {
  /** Whether it still takes records. */
  readonly open: boolean;
  /** Its part of the hash keys, 0 to 1. */
  readonly share: number;
  /** Also those that are listed no more. */
  readonly parents: readonly string[];
  /** As far as they are listed. */
  readonly children: readonly string[];
  /** Milliseconds since the epoch, as its sequence numbers show it; undefined when they are of another layout. */
  readonly createdAt: number | undefined;
}

/** Steps in which shares are counted: finer than any shard. */
const STEPS = 1n << 52n;

/** The shards of a listing, parents first. @throws ConnectorError KINESIS_LISTING_INCONSISTENT */
export function exploredShards(listed: readonly Shard[]): ExploredShard[] {
  const graph = shardGraph(listed);
  return graph.parentsFirst.map((shard) => {
    const { epoch } = parseSequence(shard.startingSequenceNumber) ?? {};
    return {
      ...shard,
      open: isOpen(shard),
      share: shareOf(shard),
      parents: parentIds(shard),
      children: graph.childrenOf(shard.shardId).map(({ shardId }) => shardId),
      createdAt: epoch === undefined ? undefined : epoch * 1000,
    };
  });
}

function shareOf({ startingHashKey, endingHashKey }: Shard): number {
  const width = BigInt(endingHashKey) - BigInt(startingHashKey) + 1n;
  const keys = MAX_HASH_KEY + 1n;
  return Number((width * STEPS + keys / 2n) / keys) / Number(STEPS);
}

/** The shard that `text` means: its id, or the number at its end. */
export function shardIdOf(text: string): string {
  return /^\d{1,12}$/.test(text) ? `shardId-${text.padStart(12, '0')}` : text;
}
