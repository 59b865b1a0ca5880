import { writeIterator } from '../iterator';
import { operation, SEQUENCE_NUMBER, SHARD_ID, STREAM_REF } from '../operation';
import { placeOfStart, STARTING_TYPES } from '../starting-position';

export const getShardIterator = operation(
  {
    ...STREAM_REF,
    ShardId: { ...SHARD_ID, required: true },
    ShardIteratorType: { type: 'String', required: true, values: STARTING_TYPES },
    StartingSequenceNumber: SEQUENCE_NUMBER,
    Timestamp: { type: 'Timestamp' },
  },
  (account, input) => {
    const stream = account.readyStream(input);
    const shard = account.shard(stream, input.ShardId);
    const limit = account.settings.readLimits?.getShardIterator;
    if (limit !== undefined && !shard.readBudget.iterators.takeOne(limit, account.now())) {
      throw account.rateExceeded(stream, shard);
    }
    const position = placeOfStart(account, stream, shard, {
      type: input.ShardIteratorType,
      sequenceNumber: input.StartingSequenceNumber,
      timestamp: input.Timestamp,
      usedIn: 'GetShardIterator',
    });
    return { ShardIterator: writeIterator(account, { stream, shard, position }) };
  },
);
