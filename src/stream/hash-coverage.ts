import { ConnectorError } from '../errors';
import { firstUncovered, type HashKeyRange, MAX_HASH_KEY } from './hash-key';

/** Decimal, both ends inclusive, as shards, child shards and lease rows have it. */
export interface DecimalHashRange {
  readonly startingHashKey: string;
  readonly endingHashKey: string;
}

/** Whether `ranges` together hold every hash key of `whole`. */
export function covers(ranges: readonly DecimalHashRange[], whole: DecimalHashRange): boolean {
  const { start, end } = parse(whole);
  const outside: HashKeyRange[] = [];
  if (start > 0n) {
    outside.push({ start: 0n, end: start - 1n });
  }
  if (end < MAX_HASH_KEY) {
    outside.push({ start: end + 1n, end: MAX_HASH_KEY });
  }
  return firstUncovered([...ranges.map(parse), ...outside]) === undefined;
}

/**
 * A listing that starts a table must lead to every record (source: KCL `assertHashRangeOfClosedShardIsCovered`).
 * @throws ConnectorError KINESIS_HASH_RANGE_INCOMPLETE, naming the first key without a shard.
 */
export function requireWholeRange(ranges: readonly DecimalHashRange[]): void {
  const gap = firstUncovered(ranges.map(parse));
  if (gap !== undefined) {
    throw new ConnectorError('KINESIS_HASH_RANGE_INCOMPLETE', 'the shards listed leave hash keys out', {
      expected: `every hash key from 0 to ${MAX_HASH_KEY}`,
      found: `no shard for ${gap}`,
    });
  }
}

function parse(range: DecimalHashRange): HashKeyRange {
  return { start: BigInt(range.startingHashKey), end: BigInt(range.endingHashKey) };
}
