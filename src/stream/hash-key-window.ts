import type { DecimalHashRange } from './hash-coverage';
import { HASH_KEY_HEX_DIGITS, hashHexOf, MAX_HASH_KEY } from './hash-key';

/** Digits of the largest hash key. */
const MOST_DIGITS = String(MAX_HASH_KEY).length;
const DIGITS = /^[0-9]+$/;

/** The hash keys of one shard, for asking often. */
export class HashKeyWindow {
  readonly #start: string;
  readonly #end: string;

  constructor({ startingHashKey, endingHashKey }: DecimalHashRange) {
    this.#start = hexOf(startingHashKey);
    this.#end = hexOf(endingHashKey);
  }

  /** Whether the MD5 of `partitionKey` lies here. */
  holdsPartitionKey(partitionKey: string): boolean {
    return this.#holds(hashHexOf(partitionKey));
  }

  /** Whether `hashKey` lies here; undefined when it is no decimal number of a hash key's length. */
  holdsHashKey(hashKey: string): boolean | undefined {
    return hashKey.length <= MOST_DIGITS && DIGITS.test(hashKey) ? this.#holds(hexOf(hashKey)) : undefined;
  }

  #holds(hex: string): boolean {
    // A number above all hash keys may have a digit more.
    return hex.length === HASH_KEY_HEX_DIGITS && this.#start <= hex && hex <= this.#end;
  }
}

function hexOf(decimal: string): string {
  return BigInt(decimal).toString(16).padStart(HASH_KEY_HEX_DIGITS, '0');
}
