import type { CannedAddresses } from './canned-kinesis';

/** What a measured reader is started with. */
export interface ReaderSettings extends CannedAddresses {
  readonly shards: number;
  readonly recordsPerAnswer: number;
  /** Language of what our source reads. */
  readonly protocol: 'cbor' | 'json';
  /** Records read before the measurement begins. */
  readonly warmUp: number;
  /** Records measured. */
  readonly records: number;
}

/** Iterators of every shard at its start, as the canned service writes them. */
export function iteratorsOf(settings: ReaderSettings): string[] {
  return Array.from(
    { length: settings.shards },
    (_, index) => `shardId-${String(index).padStart(12, '0')}:0`,
  );
}
