import { createHash } from 'node:crypto';
import type { Random } from '../util/random';

/** Source: Kinesis API, PutRecordsRequestEntry: 1 to 256 Unicode characters; UTF-16 units are never fewer. */
const MAX_LENGTH = 256;
/** Random characters fetched at once: asking for a few costs as much as asking for many. */
const POOL_BYTES = 1_024;
const RANDOM_KEY_LENGTH = 16;

/**
 * `text` as a partition key: itself, or its SHA-256 in hex when it is longer than 256 UTF-16 units or has a lone
 * surrogate, which UTF-8 cannot carry. (The Java connector cuts long keys off: keys with a long common beginning
 * then share a shard.)
 */
export function fittingKey(text: string): string {
  if (text.length <= MAX_LENGTH && !/\p{Surrogate}/u.test(text)) {
    return text;
  }
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Keys of 64 random bits in hex: their MD5, which Kinesis takes, is spread evenly over the shards. */
export function randomKeys(random: Random): () => string {
  let pool = '';
  let at = 0;
  return () => {
    if (at === pool.length) {
      pool = random.hex(POOL_BYTES);
      at = 0;
    }
    at += RANDOM_KEY_LENGTH;
    return pool.slice(at - RANDOM_KEY_LENGTH, at);
  };
}
