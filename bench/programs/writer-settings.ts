import type { PutEntry } from '../../src/aws/kinesis-api';
import { seededRandom } from '../../src/util/random';
import type { CannedAddresses } from './canned-kinesis';

/** What a measured writer is started with. */
export interface WriterSettings extends CannedAddresses {
  readonly recordBytes: number;
  /** Entries of a request. */
  readonly entries: number;
  /** Requests in flight. */
  readonly inFlight: number;
  /** Records accepted before the measurement begins. */
  readonly warmUp: number;
  /** Records measured. */
  readonly records: number;
  /** Options of a sink over those it is measured with otherwise. */
  readonly configs?: { readonly [option: string]: unknown };
}

export const STREAM = 'bench';
const KEYS = 1_000;
const REQUESTS = 8;

/** What record `index` of a writer holds; the same in every run, and not all alike. */
export function entryOf(index: number, recordBytes: number): PutEntry {
  const data = Buffer.from(seededRandom(index).hex(recordBytes), 'hex');
  return { data, partitionKey: `customer-${index % KEYS}` };
}

/** Requests made beforehand, to be sent in turn: only what sending costs is measured. */
export function requestsOf({ entries, recordBytes }: WriterSettings): PutEntry[][] {
  return Array.from({ length: REQUESTS }, (_, request) =>
    Array.from({ length: entries }, (_, index) => entryOf(request * entries + index, recordBytes)),
  );
}
