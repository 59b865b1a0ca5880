import type { SequenceParts } from '../../stream/sequence-parts';

/** Stands in the ending sequence number of a closed shard: higher than any record's. */
export const END_COUNTER = 0x7fffffffffffffffn;

const VERSION = 2n;

export function formatSequence(parts: SequenceParts): string {
  return sequencePrefix(parts.epoch, parts.shardNumber)(parts.counter, parts.seconds);
}

/** `formatSequence` for many records of one shard. */
export function sequencePrefix(
  epoch: number,
  shardNumber: number,
): (counter: bigint, seconds: number) => string {
  const fixed =
    (2n << 184n) |
    (BigInt(epoch) << 148n) |
    (BigInt(shardNumber & 0xf) << 144n) |
    (BigInt(shardNumber) << 4n) |
    VERSION;
  return (counter, seconds) => (fixed | (counter << 80n) | (BigInt(seconds) << 36n)).toString();
}
