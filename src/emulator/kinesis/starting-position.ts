import { parseSequence } from '../../stream/sequence-parts';
import { type Account, invalidArgument } from './account';
import type { Position } from './iterator';
import { type Shard, shardIdOf } from './shard';
import type { Stream } from './stream';

export const STARTING_TYPES = [
  'AFTER_SEQUENCE_NUMBER',
  'LATEST',
  'AT_TIMESTAMP',
  'AT_SEQUENCE_NUMBER',
  'TRIM_HORIZON',
] as const;

/** Where a reader asks to begin. */
export interface StartingPosition {
  readonly type: (typeof STARTING_TYPES)[number];
  readonly sequenceNumber?: string | undefined;
  /** Seconds since the epoch. */
  readonly timestamp?: number | undefined;
  /** For messages. */
  readonly usedIn: string;
}

/**
 * The place in the shard. A number whose record is trimmed is a place before the oldest record.
 * @throws ServiceError InvalidArgumentException
 */
export function placeOfStart(
  account: Account,
  stream: Stream,
  shard: Shard,
  start: StartingPosition,
): Position {
  switch (start.type) {
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER':
      return {
        sequenceNumber: sequenceOfStart(account, stream, shard, start),
        exclusive: start.type === 'AFTER_SEQUENCE_NUMBER',
      };
    case 'AT_TIMESTAMP':
      return atTimestamp(account, shard, start.timestamp);
    case 'TRIM_HORIZON':
    case 'LATEST':
      if (start.sequenceNumber !== undefined) {
        throw badCombination(`${start.type} and also a StartingSequenceNumber.`);
      }
      return start.type === 'LATEST'
        ? tipOf(shard)
        : { sequenceNumber: shard.startingSequenceNumber, exclusive: false };
  }
}

function sequenceOfStart(account: Account, stream: Stream, shard: Shard, start: StartingPosition): string {
  const text = start.sequenceNumber;
  if (text === undefined) {
    throw badCombination(`${start.type} and no StartingSequenceNumber.`);
  }
  const used =
    `StartingSequenceNumber ${text} used in ${start.usedIn} on shard ${shard.id} in stream ` +
    `${stream.settings.name} under account ${account.id} is invalid`;
  const sequence = parseSequence(text);
  if (sequence === undefined) {
    throw invalidArgument(`${used}.`);
  }
  if (sequence.shardNumber !== shard.number) {
    throw invalidArgument(
      `Invalid StartingSequenceNumber. It encodes ${shardIdOf(sequence.shardNumber)}, while it was used in a call ` +
        `to a shard with ${shard.id}`,
    );
  }
  if (sequence.epoch !== shard.epoch) {
    throw invalidArgument(`${used} because it did not come from this stream.`);
  }
  return text;
}

/** The first record that arrived then or later, which may be one that is yet to come. */
function atTimestamp(account: Account, shard: Shard, timestamp: number | undefined): Position {
  if (timestamp === undefined) {
    throw invalidArgument(
      'Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.',
    );
  }
  const instant = Math.round(timestamp * 1000);
  const now = account.now();
  if (instant > now) {
    throw invalidArgument(
      'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ' +
        `timestampInMillis: ${instant}, currentTimestampInMillis: ${now}`,
    );
  }
  const first = shard.records.at(shard.records.placeAt(instant / 1000));
  return first === undefined ? tipOf(shard) : { sequenceNumber: first.SequenceNumber, exclusive: false };
}

function tipOf(shard: Shard): Position {
  return shard.lastSequenceNumber === undefined
    ? { sequenceNumber: shard.startingSequenceNumber, exclusive: false }
    : { sequenceNumber: shard.lastSequenceNumber, exclusive: true };
}

function badCombination(specified: string): Error {
  return invalidArgument(
    'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or ' +
      `(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ${specified}`,
  );
}
