import type { ConnectorStatus } from '../io';
import type { SinkTally } from './sink-tally';

/** What a sink holds now. */
export interface HeldEntries {
  readonly records: number;
  readonly bytes: number;
  /** PutRecords calls under way. */
  readonly requests: number;
}

/** What a sink says of itself now. */
export function sinkStatus(tally: SinkTally, held: HeldEntries): ConnectorStatus {
  const { recordsIn, recordsOut, bytesIn, lastRecordAt, lastError } = tally;
  return {
    shards: [],
    recordsIn,
    recordsOut,
    bytesIn,
    recordsQueued: held.records,
    bytesQueued: held.bytes,
    ...(lastRecordAt === undefined ? {} : { lastRecordAt }),
    ...(lastError === undefined ? {} : { lastError }),
  };
}
