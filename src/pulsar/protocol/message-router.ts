/** How a key is turned into a number. Names: Java's `HashingScheme`. */
export type HashingScheme = 'Murmur3_32Hash' | 'JavaStringHash';

/** What decides the partition of a message. */
export interface RoutedMessage {
  readonly key: string | undefined;
  readonly recordSequence?: number | undefined;
}

export interface RoutingSettings {
  readonly hashingScheme: HashingScheme;
  /** Milliseconds for which messages without a key stay with one partition, so that batches fill; 0: each its own. */
  readonly switchMs: number;
}

/**
 * Chooses partitions as Java's connectors do: by the key; without one by the sequence id, so that a message sent again
 * comes to where it was; without that in turns.
 * Source: `RoundRobinPartitionMessageRouterImpl`, `FunctionResultRouter` (4.0.8).
 */
export class MessageRouter {
  readonly #hash: (key: string) => number;
  readonly #switchMs: number;
  #turn: number;

  /** @param start Partition, modulo their number, whose turn is the first; 0 or above. */
  constructor({ hashingScheme, switchMs }: RoutingSettings, start: number) {
    this.#hash = hashingScheme === 'JavaStringHash' ? javaStringHash : murmur3Hash;
    this.#switchMs = switchMs;
    this.#turn = start;
  }

  /** @param nowMs of a clock that does not go back. @returns 0 to `partitions` − 1 */
  partitionOf({ key, recordSequence }: RoutedMessage, partitions: number, nowMs: number): number {
    if (key !== undefined) {
      return this.#hash(key) % partitions;
    }
    if (recordSequence !== undefined) {
      return recordSequence % partitions;
    }
    const turn = this.#switchMs === 0 ? this.#turn++ : this.#turn + Math.floor(nowMs / this.#switchMs);
    return turn % partitions;
  }
}

/** `String.hashCode()` without its sign. Source: `JavaStringHash`. */
export function javaStringHash(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) {
    hash = (Math.imul(31, hash) + key.charCodeAt(i)) | 0;
  }
  return hash & 0x7fffffff;
}

/** Kinesis takes keys of up to 256 characters, which this holds in UTF-8. */
const scratch = Buffer.alloc(1024);

/** MurmurHash3_x86_32 of the key's UTF-8, seed 0, without its sign. Source: `Murmur3Hash32`. */
export function murmur3Hash(key: string): number {
  const fits = key.length * 3 <= scratch.length;
  const bytes = fits ? scratch : Buffer.from(key);
  const length = fits ? scratch.write(key) : bytes.length;
  const whole = length & ~3;
  let hash = 0;
  for (let i = 0; i < whole; i += 4) {
    hash ^= mixed(bytes.readInt32LE(i));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let i = length - 1; i >= whole; i--) {
    tail = (tail << 8) | bytes.readUInt8(i);
  }
  hash ^= mixed(tail) ^ length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & 0x7fffffff;
}

function mixed(block: number): number {
  const scrambled = Math.imul(block, 0xcc9e2d51);
  return Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
}
