import { createHash, hash } from 'node:crypto';

/** Largest hash key. Source: Kinesis API, HashKeyRange: keys run from 0 to 2^128 − 1. */
export const MAX_HASH_KEY = (1n << 128n) - 1n;

/** Both ends inclusive. */
export interface HashKeyRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** Hex digits of a hash key; of equal length they sort like the numbers. */
export const HASH_KEY_HEX_DIGITS = 32;

/** MD5 of the UTF-8 bytes of a partition key, in hex. Source: Kinesis API, PutRecords. */
export const hashHexOf: (partitionKey: string) => string =
  // From Node 20.12 on, at half the cost.
  typeof hash === 'function'
    ? (partitionKey) => hash('md5', partitionKey, 'hex')
    : (partitionKey) => createHash('md5').update(partitionKey, 'utf8').digest('hex');

/** The hash key a partition key is mapped to: its MD5 as an unsigned big-endian integer. */
export function hashKeyOf(partitionKey: string): bigint {
  return BigInt(`0x${hashHexOf(partitionKey)}`);
}

/**
 * The whole hash key space cut into `count` ranges as CreateStream cuts it: equal widths, rounded down, and
 * the remainder in the last one.
 */
export function evenRanges(count: number): HashKeyRange[] {
  const width = (MAX_HASH_KEY + 1n) / BigInt(count);
  return Array.from({ length: count }, (_, index) => ({
    start: width * BigInt(index),
    end: index === count - 1 ? MAX_HASH_KEY : width * BigInt(index + 1) - 1n,
  }));
}

/** First key of the upper half: what SplitShard wants for an even split. */
export function middleOf(range: HashKeyRange): bigint {
  return range.start + (range.end - range.start) / 2n + 1n;
}

/**
 * The first stretch of hash keys that no range contains, or undefined when the whole space is covered.
 * Overlaps are no gap: during a reshard a parent and its children may both be there.
 */
export function firstHole(ranges: readonly HashKeyRange[]): HashKeyRange | undefined {
  let next = 0n;
  for (const range of [...ranges].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))) {
    if (range.start > next) {
      return { start: next, end: range.start - 1n };
    }
    if (range.end >= next) {
      next = range.end + 1n;
    }
  }
  return next > MAX_HASH_KEY ? undefined : { start: next, end: MAX_HASH_KEY };
}

/** The smallest hash key that no range contains, or undefined when the whole space is covered. */
export function firstUncovered(ranges: readonly HashKeyRange[]): bigint | undefined {
  return firstHole(ranges)?.start;
}
