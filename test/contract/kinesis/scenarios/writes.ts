import type { PutEntry } from '../../../../src/aws/kinesis-api';
import { isConnectorError } from '../../../../src/errors';
import { hashKeyOf, MAX_HASH_KEY } from '../../../../src/stream/hash-key';
import { type Lab, shardId, textsOf } from '../lab';
import type { Differences, Scenario } from '../scenario';

const MIB = 1024 * 1024;
const HALF = 1n << 127n;

const entry = (data: string | Buffer, partitionKey = 'key', hash?: bigint): PutEntry => ({
  data: Buffer.from(data),
  partitionKey,
  ...(hash !== undefined && { explicitHashKey: hash.toString() }),
});

/** Places of a put, entry by entry: the shard, or the error. */
async function put(lab: Lab, stream: string, entries: readonly PutEntry[]): Promise<string[]> {
  const results = await lab.writer.putRecords({ name: stream }, entries);
  return results.map((result) => (result.accepted ? result.shardId : result.errorCode));
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'accepted';
  } catch (error) {
    return isConnectorError(error) ? error.code : String(error);
  }
}

/** A put into a fresh stream, and the error it ends with. */
function refusal(
  what: string,
  documented: string,
  call: (lab: Lab, stream: string) => Promise<unknown>,
  differences: Differences = {},
): Scenario {
  return {
    promise: `a put of ${what} is refused`,
    source: 'Kinesis API, PutRecords: PutRecordsRequestEntry, Errors',
    observe: async (lab) => codeOf(call(lab, await lab.stream(1))),
    documented,
    differences,
  };
}

const ACCEPTED = { answers: 'accepted', because: 'accepted' };
const LOCAL: Differences = { 'kinesis-local': ACCEPTED };
const REFUSED = 'AWS_REQUEST_REFUSED';
const many = (count: number, data: Buffer = Buffer.from('x')) =>
  Array.from({ length: count }, () => entry(data));

/** Writes of our own client. */
export const WRITES: readonly Scenario[] = [
  {
    promise: 'results stand in the order of the entries, each with the shard that holds its hash key',
    source: 'Kinesis API, PutRecords: Records; PutRecordsRequestEntry: ExplicitHashKey, PartitionKey',
    observe: async (lab) => {
      const stream = await lab.stream(5);
      const { shards } = await lab.writer.listShards({ name: stream }, {});
      const entries = Array.from({ length: 40 }, (_, index) => {
        const hash = (MAX_HASH_KEY / 7n) * BigInt(index % 8);
        return index % 2 === 0 ? entry('x', `ключ ${index}`) : entry('x', 'one key', hash);
      });
      const predicted = entries.map(({ partitionKey, explicitHashKey }) => {
        const hash = explicitHashKey === undefined ? hashKeyOf(partitionKey) : BigInt(explicitHashKey);
        return shards.find(
          (shard) => BigInt(shard.startingHashKey) <= hash && hash <= BigInt(shard.endingHashKey),
        )?.shardId;
      });
      const found = await put(lab, stream, entries);
      return {
        shards: new Set(found).size,
        asPredicted: JSON.stringify(found) === JSON.stringify(predicted),
      };
    },
    documented: { shards: 5, asPredicted: true },
  },
  {
    promise: '500 entries are stored once each, in their order, with growing sequence numbers',
    source: 'Kinesis API, PutRecords: "up to 500 records"',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      const texts = Array.from({ length: 500 }, (_, index) => String(index));
      const results = await lab.writer.putRecords(
        { name: stream },
        texts.map((text) => entry(text)),
      );
      const numbers = results.map((result) => (result.accepted ? BigInt(result.sequenceNumber) : 0n));
      const read = await lab.read(stream, { ShardIteratorType: 'TRIM_HORIZON' });
      return {
        read: JSON.stringify(read) === JSON.stringify(texts),
        growing: numbers.every((number, index) => number > (numbers[index - 1] ?? 0n)),
      };
    },
    documented: { read: true, growing: true },
  },
  {
    promise: 'bytes and partition keys of any kind arrive as they are, empty data included',
    source: 'Kinesis API, PutRecordsRequestEntry: Data, PartitionKey',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      const keys = ['ключ', '"\\/', '\u0000\u001f\u007f', '🔑 \u2028', 'k'.repeat(256)];
      await put(lab, stream, [
        ...keys.map((key) => entry(Buffer.from([0, 255, 128]), key)),
        entry(Buffer.alloc(0), 'empty'),
      ]);
      const got = await lab.get(await lab.iterator(stream, { ShardIteratorType: 'TRIM_HORIZON' }));
      return {
        keys: got.Records?.map((record) => record.PartitionKey).slice(0, keys.length),
        data: got.Records?.map((record) => Buffer.from(record.Data ?? []).toString('hex')),
      };
    },
    documented: {
      keys: ['ключ', '"\\/', '\u0000\u001f\u007f', '🔑 \u2028', 'k'.repeat(256)],
      data: ['00ff80', '00ff80', '00ff80', '00ff80', '00ff80', ''],
    },
  },
  {
    promise: 'after a split the results name the children',
    source: 'Kinesis Developer Guide, Resharding: data records are routed to the child shards',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      const entries = [entry('a', 'key', HALF - 1n), entry('b', 'key', HALF)];
      const before = await put(lab, stream, entries);
      await lab.split(stream, 0, HALF);
      return [before, await put(lab, stream, entries)];
    },
    documented: [
      [shardId(0), shardId(0)],
      [shardId(1), shardId(2)],
    ],
  },
  {
    promise: 'a stream is written to by its ARN',
    source: 'Kinesis API, PutRecords: StreamARN',
    observe: async (lab) => {
      const name = await lab.stream(1);
      const { arn } = await lab.writer.describeStream({ name });
      await lab.writer.putRecords({ name, arn }, [entry('by ARN')]);
      return textsOf(await lab.get(await lab.iterator(name, { ShardIteratorType: 'TRIM_HORIZON' })));
    },
    documented: ['by ARN'],
  },
  {
    promise: 'a put into no stream says so',
    source: 'Kinesis API, PutRecords: ResourceNotFoundException',
    observe: (lab) => codeOf(put(lab, 'no-such-stream', [entry('x')])),
    documented: 'KINESIS_STREAM_NOT_FOUND',
  },
  {
    promise: 'a record of exactly 1 MiB with its key is stored',
    source: 'Kinesis API, PutRecordsRequestEntry: Data',
    observe: async (lab) => put(lab, await lab.stream(1), [entry(Buffer.alloc(MIB - 3))]),
    documented: [shardId(0)],
  },
  refusal('501 entries', REFUSED, (lab, stream) => put(lab, stream, many(501)), LOCAL),
  refusal('no entries', REFUSED, (lab, stream) => put(lab, stream, []), LOCAL),
  refusal(
    'a record above 1 MiB',
    REFUSED,
    (lab, stream) => put(lab, stream, many(1, Buffer.alloc(MIB + 1))),
    LOCAL,
  ),
  refusal(
    'a record above 1 MiB only with its key',
    REFUSED,
    (lab, stream) => put(lab, stream, many(1, Buffer.alloc(MIB - 2))),
    { kinesalite: ACCEPTED, ...LOCAL },
  ),
  refusal('an empty partition key', REFUSED, (lab, stream) => put(lab, stream, [entry('x', '')])),
  refusal('a partition key of 257 characters', REFUSED, (lab, stream) =>
    put(lab, stream, [entry('x', 'k'.repeat(257))]),
  ),
  refusal('an explicit hash key of 2^128', REFUSED, (lab, stream) =>
    put(lab, stream, [entry('x', 'k', MAX_HASH_KEY + 1n)]),
  ),
];
