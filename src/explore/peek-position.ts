import { instantFrom } from '../config/instant';
import { ConnectorError } from '../errors';
import { instantOfLease, isFinished, type Lease } from '../lease/lease';
import { type ExtendedSequenceNumber, isSentinel } from '../stream/extended-sequence-number';
import type { FixedPosition } from '../stream/iterator-position';
import { iteratorPosition } from '../stream/start-position';

/** Where a look into a stream begins. */
export type PeekPosition =
  /** Records that come from now on. */
  | { readonly type: 'LATEST' }
  | { readonly type: 'TRIM_HORIZON' }
  /** Milliseconds since the epoch. */
  | { readonly type: 'AT_TIMESTAMP'; readonly timestamp: number }
  /** That record of one shard. */
  | { readonly type: 'AT_RECORD'; readonly place: ExtendedSequenceNumber }
  /** A place of its own in each of these shards; the others are not looked into. */
  | { readonly type: 'PLACES'; readonly places: ReadonlyMap<string, ShardPlace> };

/** A place in one shard. */
export interface ShardPlace {
  readonly start: FixedPosition;
  /** The user record that comes first, when it is not the first of that record. */
  readonly from?: ExtendedSequenceNumber;
}

/** What a text that names a position may be, in words. */
const POSITION_WORDS =
  'latest, oldest, an instant such as 2024-05-01T12:00:00Z, how long ago (-15m), or a sequence number';

/** Milliseconds since the epoch have fewer digits for many thousand years, sequence numbers have more. */
const SEQUENCE = /^(\d{20,129})(?:[.:](\d{1,15}))?$/;

/**
 * @param now milliseconds since the epoch
 * @throws ConnectorError EXPLORE_POSITION_INVALID
 */
export function parsePeekPosition(text: string, now: number): PeekPosition {
  switch (text.toUpperCase()) {
    case 'LATEST':
      return { type: 'LATEST' };
    case 'OLDEST':
    case 'TRIM_HORIZON':
      return { type: 'TRIM_HORIZON' };
  }
  const [, sequenceNumber, subSequenceNumber = '0'] = SEQUENCE.exec(text) ?? [];
  if (sequenceNumber !== undefined) {
    return {
      type: 'AT_RECORD',
      place: { sequenceNumber, subSequenceNumber: Number(subSequenceNumber) },
    };
  }
  const timestamp = instantFrom(text, now);
  if (timestamp === undefined) {
    throw positionInvalid('no position in a stream', POSITION_WORDS, JSON.stringify(text));
  }
  if (timestamp > now) {
    throw positionInvalid('a position in the future', 'an instant that has passed', text);
  }
  return { type: 'AT_TIMESTAMP', timestamp };
}

/**
 * What the workers of a source read next, by the leases of one stream. A shard without a lease comes behind one that has
 * not ended, or before them all.
 */
export function nextPlaces(leases: readonly Lease[]): PeekPosition {
  const unfinished = leases.filter((lease) => !isFinished(lease));
  return {
    type: 'PLACES',
    places: new Map(unfinished.map((lease) => [lease.shardId, nextPlace(lease)])),
  };
}

function nextPlace(lease: Lease): ShardPlace {
  const { sequenceNumber, subSequenceNumber } = lease.checkpoint;
  if (!isSentinel(sequenceNumber)) {
    return {
      start: { type: 'AT_SEQUENCE_NUMBER', sequenceNumber },
      from: { sequenceNumber, subSequenceNumber: subSequenceNumber + 1 },
    };
  }
  const startAt = instantOfLease(lease);
  // The KCL keeps no instant for LATEST: whatever is there may be what comes next.
  const start =
    sequenceNumber === 'LATEST' && startAt === undefined
      ? ({ type: 'TRIM_HORIZON' } as const)
      : iteratorPosition(lease.checkpoint, startAt);
  return { start };
}

export function positionInvalid(
  message: string,
  expected: string,
  found: string,
  cause?: unknown,
): ConnectorError {
  return new ConnectorError('EXPLORE_POSITION_INVALID', message, { expected, found, cause });
}
