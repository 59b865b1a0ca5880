import { MAX_HASH_KEY } from '../stream/hash-key';
import type { Random } from '../util/random';

const MAX_TEXT = String(MAX_HASH_KEY);

/** Whether Kinesis takes `text` as an explicit hash key. Source: Kinesis API, PutRecordsRequestEntry. */
export function isHashKey(text: string): boolean {
  // Of equal length, the order of decimal texts is that of the numbers.
  return /^(?:0|[1-9]\d{0,38})$/.test(text) && (text.length < MAX_TEXT.length || text <= MAX_TEXT);
}

export function randomHashKey(random: Random): string {
  return String(BigInt(`0x${random.hex(16)}`));
}
