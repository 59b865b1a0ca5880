import type { InputOf } from '../../shape';
import { type Account, invalidArgument } from '../account';
import { type Position, writeIterator } from '../iterator';
import { operation, SEQUENCE_NUMBER, SHARD_ID, STREAM_REF } from '../operation';
import { parseSequence } from '../sequence';
import { type Shard, shardIdOf } from '../shard';
import type { Stream } from '../stream';

const SHAPE = {
  ...STREAM_REF,
  ShardId: { ...SHARD_ID, required: true },
  ShardIteratorType: {
    type: 'String',
    required: true,
    values: ['AFTER_SEQUENCE_NUMBER', 'LATEST', 'AT_TIMESTAMP', 'AT_SEQUENCE_NUMBER', 'TRIM_HORIZON'],
  },
  StartingSequenceNumber: SEQUENCE_NUMBER,
  Timestamp: { type: 'Timestamp' },
} as const;

type Input = InputOf<typeof SHAPE>;

export const getShardIterator = operation(SHAPE, (account, input) => {
  const stream = account.readyStream(input);
  const shard = account.shard(stream, input.ShardId);
  const position = positionOf(account, stream, shard, input);
  return { ShardIterator: writeIterator(account, { stream, shard, position }) };
});

function positionOf(account: Account, stream: Stream, shard: Shard, input: Input): Position {
  const type = input.ShardIteratorType;
  switch (type) {
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER':
      return {
        sequenceNumber: startingSequence(account, stream, shard, input),
        exclusive: type === 'AFTER_SEQUENCE_NUMBER',
      };
    case 'AT_TIMESTAMP':
      return atTimestamp(account, shard, input.Timestamp);
    case 'TRIM_HORIZON':
    case 'LATEST':
      if (input.StartingSequenceNumber !== undefined) {
        throw badCombination(`${type} and also a StartingSequenceNumber.`);
      }
      return type === 'LATEST'
        ? tipOf(shard)
        : { sequenceNumber: shard.startingSequenceNumber, exclusive: false };
  }
}

function startingSequence(account: Account, stream: Stream, shard: Shard, input: Input): string {
  const text = input.StartingSequenceNumber;
  if (text === undefined) {
    throw badCombination(`${input.ShardIteratorType} and no StartingSequenceNumber.`);
  }
  const used =
    `StartingSequenceNumber ${text} used in GetShardIterator on shard ${shard.id} in stream ` +
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
