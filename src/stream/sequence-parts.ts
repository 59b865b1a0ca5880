/**
 * Sequence numbers in the layout Kinesis uses today (version 2), as observed in its answers and documented nowhere: for
 * what people see, and for the emulator; nothing is decided by it.
 *
 * They are 186 bits, which are
 * 56 decimal digits for every date until 2500, so that numbers of equal length compare as strings too.
 *
 *   bits 185…184  183…148          147…144       143…80   79…72  71…36                  35…4         3…0
 *        10       shard's epoch s  shard's no.   counter  0      time of the record, s  shard's no.  version
 *
 * Within a shard the counter grows; a child's epoch is later than its parents', so its numbers are all higher.
 */
export interface SequenceParts {
  /** When the shard was created, seconds since the epoch. */
  readonly epoch: number;
  readonly shardNumber: number;
  readonly counter: bigint;
  /** When the record arrived, seconds since the epoch. */
  readonly seconds: number;
}

const VERSION = 2n;

/** Undefined when `text` is no sequence number of this layout. */
export function parseSequence(text: string): SequenceParts | undefined {
  if (!/^[1-9]\d{55}$/.test(text)) {
    return undefined;
  }
  const value = BigInt(text);
  if (value >> 184n !== 2n || (value & 0xfn) !== VERSION) {
    return undefined;
  }
  return {
    epoch: Number((value >> 148n) & 0xfffffffffn),
    shardNumber: Number((value >> 4n) & 0xffffffffn),
    counter: (value >> 80n) & 0xffffffffffffffffn,
    seconds: Number((value >> 36n) & 0xfffffffffn),
  };
}
