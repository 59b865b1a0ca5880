import { checkSize, hashKeyOfEntry } from '../entry';
import { HASH_KEY, operation, PARTITION_KEY, SEQUENCE_NUMBER, STREAM_REF } from '../operation';

export const putRecord = operation(
  {
    ...STREAM_REF,
    Data: { type: 'Blob', required: true },
    PartitionKey: PARTITION_KEY,
    ExplicitHashKey: HASH_KEY,
    SequenceNumberForOrdering: SEQUENCE_NUMBER,
  },
  (account, input) => {
    const stream = account.readyStream(input);
    checkSize([input], stream.maxRecordBytes, () => 'data');
    const shard = stream.route(hashKeyOfEntry(input));
    const refusal = account.refusalOf(stream, shard, input);
    if (refusal !== undefined) {
      throw refusal;
    }
    const { SequenceNumber } = shard.append(input.Data, input.PartitionKey, account.now());
    return { ShardId: shard.id, SequenceNumber };
  },
);
