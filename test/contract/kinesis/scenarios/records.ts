import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { MAX_HASH_KEY } from '../../../../src/stream/hash-key';
import { shardId, textsOf } from '../lab';
import type { Scenario } from '../scenario';

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

export const RECORDS: readonly Scenario[] = [
  {
    promise: 'a partition key goes to the shard that holds its MD5, an explicit hash key to its own shard',
    source: 'Kinesis API, PutRecord: PartitionKey, ExplicitHashKey',
    observe: async (lab) => {
      const stream = await lab.stream(4);
      // MD5: "a" 0cc1…, "d" 8277…, "b" 92eb…, "e" e167…
      const byKey = ['a', 'd', 'b', 'e'].map(async (key) => (await lab.put(stream, 'x', { key })).shardId);
      const byHash = [0n, MAX_HASH_KEY].map(
        async (hash) => (await lab.put(stream, 'x', { key: 'b', hash: hash.toString() })).shardId,
      );
      return Promise.all([...byKey, ...byHash]);
    },
    documented: [0, 2, 2, 3, 0, 3].map(shardId),
  },
  {
    promise: 'bytes, partition keys and the order of a shard come back as they were put',
    source: 'Kinesis API, GetRecords: Record',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      const Records = [EVERY_BYTE, Buffer.alloc(0), Buffer.from('plain')].map((Data, index) => ({
        Data,
        PartitionKey: `ключ "${index}" \\ 🔑`,
      }));
      const put = await lab.client.send(new PutRecordsCommand({ StreamName: stream, Records }));
      const got = await lab.get(await lab.iterator(stream, { ShardIteratorType: 'TRIM_HORIZON' }));
      return {
        failed: put.FailedRecordCount,
        records: got.Records?.map((record) => [
          record.PartitionKey,
          Buffer.from(record.Data ?? []).toString('hex'),
        ]),
        numbersAgree:
          JSON.stringify(put.Records?.map((entry) => entry.SequenceNumber)) ===
          JSON.stringify(got.Records?.map((record) => record.SequenceNumber)),
      };
    },
    documented: {
      failed: 0,
      records: [
        ['ключ "0" \\ 🔑', EVERY_BYTE.toString('hex')],
        ['ключ "1" \\ 🔑', ''],
        ['ключ "2" \\ 🔑', Buffer.from('plain').toString('hex')],
      ],
      numbersAgree: true,
    },
  },
  {
    promise: 'sequence numbers have 56 digits and grow with every record of a shard',
    source: 'Kinesis Developer Guide, Key Concepts: Sequence Number; example in the API reference, PutRecord',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      const numbers: string[] = [];
      for (let index = 0; index < 5; index++) {
        numbers.push((await lab.put(stream, 'x')).sequenceNumber);
      }
      return {
        digits: [...new Set(numbers.map((number) => number.length))],
        growing: numbers.every(
          (number, index) => index === 0 || BigInt(number) > BigInt(numbers[index - 1] ?? 0),
        ),
      };
    },
    documented: { digits: [56], growing: true },
  },
  {
    promise: 'PutRecords answers entry by entry, in the order of the request',
    source: 'Kinesis API, PutRecords: Records',
    observe: async (lab) => {
      const stream = await lab.stream(2);
      const hashes = [MAX_HASH_KEY, 0n, MAX_HASH_KEY, 1n];
      const answer = await lab.client.send(
        new PutRecordsCommand({
          StreamName: stream,
          Records: hashes.map((hash, index) => ({
            Data: Buffer.from(String(index)),
            PartitionKey: 'key',
            ExplicitHashKey: hash.toString(),
          })),
        }),
      );
      return answer.Records?.map((entry) => entry.ShardId);
    },
    documented: [1, 0, 1, 0].map(shardId),
  },
  {
    promise: 'Limit bounds an answer, and the next iterator goes on behind it',
    source: 'Kinesis API, GetRecords: Limit, NextShardIterator',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      for (const text of ['a', 'b', 'c']) {
        await lab.put(stream, text);
      }
      const first = await lab.get(await lab.iterator(stream, { ShardIteratorType: 'TRIM_HORIZON' }), 2);
      const second = await lab.get(first.NextShardIterator ?? '', 2);
      return [textsOf(first), textsOf(second)];
    },
    documented: [['a', 'b'], ['c']],
  },
  {
    promise: 'a reader with unread records is not told that it is caught up, one without is',
    source: 'Kinesis API, GetRecords: MillisBehindLatest',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      await lab.put(stream, 'a');
      await lab.put(stream, 'b');
      const first = await lab.get(await lab.iterator(stream, { ShardIteratorType: 'TRIM_HORIZON' }), 1);
      const second = await lab.get(first.NextShardIterator ?? '');
      return { behind: (first.MillisBehindLatest ?? 0) > 0, caughtUp: second.MillisBehindLatest === 0 };
    },
    documented: { behind: true, caughtUp: true },
    differences: {
      kinesalite: { answers: { behind: false, caughtUp: true }, because: 'it answers 0 on every open shard' },
    },
  },
  {
    promise: 'an answer carries at most 10 MiB',
    source: 'Kinesis API, GetRecords: "The maximum size of data that GetRecords can return is 10 MiB"',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      const record = { Data: Buffer.alloc(1_000_000), PartitionKey: 'key' };
      for (const count of [4, 4, 3]) {
        const Records = Array.from({ length: count }, () => record);
        await lab.client.send(new PutRecordsCommand({ StreamName: stream, Records }));
      }
      const first = await lab.get(await lab.iterator(stream, { ShardIteratorType: 'TRIM_HORIZON' }));
      const second = await lab.get(first.NextShardIterator ?? '');
      return [first.Records?.length, second.Records?.length];
    },
    documented: [10, 1],
    differences: { kinesalite: { answers: [11, 0], because: 'it counts records only' } },
  },
];
