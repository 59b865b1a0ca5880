import type { Shard } from '@aws-sdk/client-kinesis';
import { MAX_HASH_KEY, middleOf } from '../../../../src/stream/hash-key';
import { shardId, textsOf } from '../lab';
import type { Scenario } from '../scenario';

const MIDDLE = middleOf({ start: 0n, end: MAX_HASH_KEY });

const parentsOf = (shard: Shard) => [shard.ParentShardId, shard.AdjacentParentShardId];
const rangeOf = ({ HashKeyRange: range }: Pick<Shard, 'HashKeyRange'>) => [
  range?.StartingHashKey,
  range?.EndingHashKey,
];
const LOWER = ['0', (MIDDLE - 1n).toString()];
const UPPER = [MIDDLE.toString(), MAX_HASH_KEY.toString()];
const WHOLE = ['0', MAX_HASH_KEY.toString()];

const NO_CHILDREN = 'it names no children';
const LOWER_FIRST = 'it wants the lower shard first';

export const RESHARDING: readonly Scenario[] = [
  {
    promise: 'a split closes the parent and opens two children that share its range',
    source: 'Kinesis API, SplitShard; Shard',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      await lab.split(stream, 0, MIDDLE);
      const shards = await lab.shards(stream);
      return shards.map((shard) => [
        shard.ShardId,
        ...parentsOf(shard),
        ...rangeOf(shard),
        shard.SequenceNumberRange?.EndingSequenceNumber === undefined ? 'open' : 'closed',
      ]);
    },
    documented: [
      [shardId(0), undefined, undefined, ...WHOLE, 'closed'],
      [shardId(1), shardId(0), undefined, ...LOWER, 'open'],
      [shardId(2), shardId(0), undefined, ...UPPER, 'open'],
    ],
  },
  {
    promise: 'every number of a child is higher than every number of its parent',
    source:
      'Kinesis Developer Guide, resharding: parent records are read before child records by sequence number',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      const before = await lab.put(stream, 'parent');
      await lab.split(stream, 0, MIDDLE);
      const after = await lab.put(stream, 'child');
      const shards = await lab.shards(stream);
      const start = (index: number) =>
        BigInt(shards[index]?.SequenceNumberRange?.StartingSequenceNumber ?? 0);
      const end = BigInt(shards[0]?.SequenceNumberRange?.EndingSequenceNumber ?? 0);
      return {
        parentRecordInRange: start(0) < BigInt(before.sequenceNumber) && BigInt(before.sequenceNumber) < end,
        childStartsBehind: start(1) > BigInt(before.sequenceNumber) && start(1) > end,
        childRecordBehind: BigInt(after.sequenceNumber) > start(1),
      };
    },
    documented: { parentRecordInRange: true, childStartsBehind: true, childRecordBehind: true },
    differences: {
      'kinesis-local': {
        answers: { parentRecordInRange: false, childStartsBehind: true, childRecordBehind: true },
        because: 'the ending number of a closed shard is lower than that of its records',
      },
    },
  },
  {
    promise: 'a split parent delivers everything, then ends and names its children',
    source: 'Kinesis API, GetRecords: NextShardIterator null, ChildShards',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      await lab.put(stream, 'a');
      const open = await lab.get(await lab.iterator(stream, { ShardIteratorType: 'TRIM_HORIZON' }));
      await lab.put(stream, 'b');
      await lab.split(stream, 0, MIDDLE);
      const { texts, last } = await lab.drain(open.NextShardIterator ?? '');
      return {
        texts: [...textsOf(open), ...texts],
        ended: last.NextShardIterator === undefined,
        children: last.ChildShards?.map((child) => [child.ShardId, child.ParentShards, ...rangeOf(child)]),
      };
    },
    documented: {
      texts: ['a', 'b'],
      ended: true,
      children: [
        [shardId(1), [shardId(0)], ...LOWER],
        [shardId(2), [shardId(0)], ...UPPER],
      ],
    },
    differences: { kinesalite: { answers: { texts: ['a', 'b'], ended: true }, because: NO_CHILDREN } },
  },
  {
    promise: 'the end comes as an empty answer behind the last records',
    source: 'not documented; kinesalite was written against the service itself and does so',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      await lab.put(stream, 'a');
      await lab.split(stream, 0, MIDDLE);
      const first = await lab.get(await lab.iterator(stream, { ShardIteratorType: 'TRIM_HORIZON' }));
      return first.NextShardIterator === undefined ? 'with the last records' : 'behind them';
    },
    documented: 'behind them',
    differences: {
      'kinesis-local': { answers: 'with the last records', because: 'it ends with the last records' },
    },
  },
  {
    promise: 'a merge closes both parents, and each of them names the one child at its end',
    source: 'Kinesis API, MergeShards; GetRecords: ChildShards',
    observe: async (lab) => {
      const stream = await lab.stream(2);
      await lab.put(stream, 'low', { hash: '0' });
      await lab.put(stream, 'high', { hash: MAX_HASH_KEY.toString() });
      await lab.merge(stream, 0, 1);
      const ends = [0, 1].map(async (number) => {
        const iterator = await lab.iterator(stream, {
          ShardId: shardId(number),
          ShardIteratorType: 'TRIM_HORIZON',
        });
        const { texts, last } = await lab.drain(iterator);
        return [
          texts,
          last.ChildShards?.map((child) => [child.ShardId, child.ParentShards, ...rangeOf(child)]),
        ];
      });
      const shards = await lab.shards(stream);
      return {
        ends: await Promise.all(ends),
        child: shards[2] && [shards[2].ShardId, ...parentsOf(shards[2])],
      };
    },
    documented: {
      ends: [
        [['low'], [[shardId(2), [shardId(0), shardId(1)], ...WHOLE]]],
        [['high'], [[shardId(2), [shardId(0), shardId(1)], ...WHOLE]]],
      ],
      child: [shardId(2), shardId(0), shardId(1)],
    },
    differences: {
      kinesalite: {
        answers: { ends: [[['low']], [['high']]], child: [shardId(2), shardId(0), shardId(1)] },
        because: NO_CHILDREN,
      },
    },
  },
  {
    promise: 'a merge takes its two shards in either order',
    source:
      'Kinesis API, MergeShards: "two shards are considered adjacent if the union of the hash key ranges … form a contiguous set"',
    observe: async (lab) => {
      const stream = await lab.stream(2);
      return lab.failure(lab.merge(stream, 1, 0));
    },
    documented: 'accepted',
    differences: {
      kinesalite: { answers: 'InvalidArgumentException 400', because: LOWER_FIRST },
      'kinesis-local': { answers: 'InvalidArgumentException 400', because: LOWER_FIRST },
    },
  },
  {
    promise: 'records put after a split go to the children',
    source: 'Kinesis API, SplitShard',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      await lab.split(stream, 0, MIDDLE);
      const low = await lab.put(stream, 'x', { hash: '0' });
      const high = await lab.put(stream, 'x', { hash: MIDDLE.toString() });
      return [low.shardId, high.shardId];
    },
    documented: [shardId(1), shardId(2)],
  },
];
