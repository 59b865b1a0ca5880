import { CreateStreamCommand, DeleteStreamCommand, GetShardIteratorCommand } from '@aws-sdk/client-kinesis';
import { MAX_HASH_KEY, middleOf } from '../../../../src/stream/hash-key';
import { systemClock } from '../../../../src/util/clock';
import { after, eventually, type Lab, shardId } from '../lab';
import type { Scenario } from '../scenario';

const SOURCE = 'Kinesis API, GetShardIterator: ShardIteratorType';

const MIDDLE = middleOf({ start: 0n, end: MAX_HASH_KEY });

/** Three records, each in a millisecond of its own, with what they were given. */
async function threeRecords(lab: Lab): Promise<{ stream: string; numbers: string[]; times: Date[] }> {
  const stream = await lab.stream(1);
  const numbers: string[] = [];
  for (const text of ['a', 'b', 'c']) {
    numbers.push((await lab.put(stream, text)).sequenceNumber);
    await after(systemClock.now() + 1);
  }
  const got = await lab.get(await lab.iterator(stream, { ShardIteratorType: 'TRIM_HORIZON' }));
  const times = (got.Records ?? []).map((record) => record.ApproximateArrivalTimestamp ?? new Date(0));
  return { stream, numbers, times };
}

export const POSITIONS: readonly Scenario[] = [
  {
    promise: 'AT_SEQUENCE_NUMBER starts with that record, AFTER_SEQUENCE_NUMBER behind it',
    source: SOURCE,
    observe: async (lab) => {
      const { stream, numbers } = await threeRecords(lab);
      const StartingSequenceNumber = numbers[1] ?? '';
      return {
        at: await lab.read(stream, { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber }),
        after: await lab.read(stream, { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber }),
      };
    },
    documented: { at: ['b', 'c'], after: ['c'] },
  },
  {
    promise: 'the starting sequence number of a shard is a position before its first record',
    source: SOURCE,
    observe: async (lab) => {
      const { stream } = await threeRecords(lab);
      const [shard] = await lab.shards(stream);
      const StartingSequenceNumber = shard?.SequenceNumberRange?.StartingSequenceNumber ?? '';
      return lab.read(stream, { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber });
    },
    documented: ['a', 'b', 'c'],
  },
  {
    promise: 'LATEST gives only what is put after the iterator was taken',
    source: SOURCE,
    observe: async (lab) => {
      const { stream } = await threeRecords(lab);
      const iterator = await lab.iterator(stream, { ShardIteratorType: 'LATEST' });
      await lab.put(stream, 'later');
      return (await lab.drain(iterator)).texts;
    },
    documented: ['later'],
  },
  {
    promise: 'LATEST on a shard that never had a record gives the first one put after it',
    source: SOURCE,
    observe: async (lab) => {
      const stream = await lab.stream(1);
      const iterator = await lab.iterator(stream, { ShardIteratorType: 'LATEST' });
      await lab.put(stream, 'first');
      return (await lab.drain(iterator)).texts;
    },
    documented: ['first'],
  },
  {
    promise: 'AT_TIMESTAMP starts with the first record of that millisecond or later',
    source: `${SOURCE}; Timestamp`,
    observe: async (lab) => {
      const { stream, times } = await threeRecords(lab);
      const at = times[1]?.getTime() ?? 0;
      const read = (ms: number) =>
        lab.read(stream, { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(ms) });
      return { before: await read(at - 1), exact: await read(at), after: await read(at + 1) };
    },
    documented: { before: ['b', 'c'], exact: ['b', 'c'], after: ['c'] },
  },
  {
    promise: 'AT_TIMESTAMP before the first record starts with the oldest',
    source: `${SOURCE}; Timestamp: "older than the current trim horizon"`,
    observe: async (lab) => {
      const { stream } = await threeRecords(lab);
      return lab.read(stream, { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(1_000) });
    },
    documented: ['a', 'b', 'c'],
  },
  {
    promise: 'AT_TIMESTAMP behind the last record gives what is put later',
    source: `${SOURCE}; Timestamp: "the iterator returned is for the next (later) record"`,
    observe: async (lab) => {
      const { stream } = await threeRecords(lab);
      const Timestamp = new Date(systemClock.now());
      await after(Timestamp.getTime());
      const taking = lab.client.send(
        new GetShardIteratorCommand({
          StreamName: stream,
          ShardId: shardId(0),
          ShardIteratorType: 'AT_TIMESTAMP',
          Timestamp,
        }),
        { requestTimeout: 2_000 },
      );
      const failure = await lab.failure(taking);
      if (failure !== 'accepted') {
        return failure;
      }
      await lab.put(stream, 'later');
      return (await lab.drain((await taking).ShardIterator ?? '')).texts;
    },
    documented: ['later'],
    differences: { kinesalite: { answers: 'TimeoutError -', because: 'it never answers' } },
  },
  {
    promise: 'a closed shard is read from every position as an open one is',
    source: SOURCE,
    observe: async (lab) => {
      const { stream, numbers, times } = await threeRecords(lab);
      await lab.split(stream, 0, MIDDLE);
      const StartingSequenceNumber = numbers[1] ?? '';
      return {
        horizon: await lab.read(stream, { ShardIteratorType: 'TRIM_HORIZON' }),
        at: await lab.read(stream, { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber }),
        after: await lab.read(stream, { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber }),
        timestamp: await lab.read(stream, {
          ShardIteratorType: 'AT_TIMESTAMP',
          Timestamp: times[2] ?? new Date(0),
        }),
        latest: await lab.read(stream, { ShardIteratorType: 'LATEST' }),
      };
    },
    documented: { horizon: ['a', 'b', 'c'], at: ['b', 'c'], after: ['c'], timestamp: ['c'], latest: [] },
  },
  {
    promise: 'LATEST on a closed shard leads to its end at once',
    source: `${SOURCE}; GetRecords: NextShardIterator`,
    observe: async (lab) => {
      const { stream } = await threeRecords(lab);
      await lab.split(stream, 0, MIDDLE);
      const answer = await lab.get(await lab.iterator(stream, { ShardIteratorType: 'LATEST' }));
      return { records: answer.Records?.length, ended: answer.NextShardIterator === undefined };
    },
    documented: { records: 0, ended: true },
  },
  {
    promise: 'a sequence number of a deleted stream is refused by the stream created again under its name',
    source: 'kcl.md §2.6: GetShardIterator answers InvalidArgumentException',
    observe: async (lab) => {
      const { stream: StreamName, numbers } = await threeRecords(lab);
      // Other emulators tell the two apart only by the second of their creation.
      await after(systemClock.now() + 1_000);
      await lab.client.send(new DeleteStreamCommand({ StreamName }));
      const create = () => lab.client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
      await eventually(async () => (await lab.failure(create())) === 'accepted');
      await lab.settled(StreamName);
      const ShardIteratorType = 'AT_SEQUENCE_NUMBER';
      return lab.failure(
        lab.iterator(StreamName, {
          ShardId: shardId(0),
          ShardIteratorType,
          StartingSequenceNumber: numbers[0] ?? '',
        }),
      );
    },
    documented: 'InvalidArgumentException 400',
    differences: {
      'kinesis-local': { answers: 'accepted', because: 'it takes any number of that shard id' },
    },
  },
];
