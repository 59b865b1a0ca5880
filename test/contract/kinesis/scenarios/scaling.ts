import type { Shard } from '@aws-sdk/client-kinesis';
import { evenRanges } from '../../../../src/stream/hash-key';
import type { Lab } from '../lab';
import type { Difference, Differences, Scenario } from '../scenario';

const SOURCE = 'Kinesis API, UpdateShardCount';
const UNKNOWN = { answers: 'UnknownOperationException 400', because: 'it does not know UpdateShardCount' };

const isOpen = (shard: Shard) => shard.SequenceNumberRange?.EndingSequenceNumber === undefined;

async function scaled(lab: Lab, from: number, to: number): Promise<{ stream: string; shards: Shard[] }> {
  const stream = await lab.stream(from);
  await lab.scale(stream, to);
  return { stream, shards: await lab.shards(stream) };
}

/** A call that needs UpdateShardCount; the emulator that lacks it answers so. */
function scaling(
  promise: string,
  observe: (lab: Lab) => Promise<unknown>,
  documented: unknown,
  differences: Differences = {},
): Scenario {
  return {
    promise,
    source: SOURCE,
    observe: async (lab) => {
      try {
        return await observe(lab);
      } catch (error) {
        return lab.failure(Promise.reject(error));
      }
    },
    documented,
    differences: { kinesalite: UNKNOWN, ...differences },
  };
}

function refusal(what: string, from: number, to: number, local: Difference): Scenario {
  return scaling(
    `${what} is refused`,
    async (lab) => lab.failure(scaled(lab, from, to)),
    'LimitExceededException 400',
    { 'kinesis-local': local },
  );
}

/** Where the open shards begin, in millionths of the hash keys: emulators round differently. */
const startsOf = (shards: readonly Shard[]) =>
  shards
    .filter(isOpen)
    .map((shard) => millionths(BigInt(shard.HashKeyRange?.StartingHashKey ?? -1)))
    .sort((a, b) => a - b);

const evenStarts = (count: number) => evenRanges(count).map(({ start }) => millionths(start));

const millionths = (hash: bigint) => Math.round(Number(hash) / 2 ** 128 / 1e-6);

export const SCALING: readonly Scenario[] = [
  scaling(
    'UpdateShardCount names both counts',
    async (lab) => {
      const stream = await lab.stream(2);
      const { StreamName, CurrentShardCount, TargetShardCount } = await lab.scale(stream, 4);
      return { name: StreamName === stream, CurrentShardCount, TargetShardCount };
    },
    { name: true, CurrentShardCount: 2, TargetShardCount: 4 },
  ),
  scaling(
    'doubling gives every shard two children of even width',
    async (lab) => {
      const { shards } = await scaled(lab, 2, 4);
      const parents = shards
        .filter(isOpen)
        .map((shard) => [shard.ParentShardId, shard.AdjacentParentShardId]);
      return {
        starts: startsOf(shards),
        parents: parents.sort(),
      };
    },
    {
      starts: evenStarts(4),
      parents: [0, 0, 1, 1].map((number) => [`shardId-00000000000${number}`, undefined]),
    },
  ),
  scaling(
    'halving merges neighbours into shards of even width',
    async (lab) => {
      const { shards } = await scaled(lab, 4, 2);
      const parents = shards
        .filter(isOpen)
        .map((shard) => [shard.ParentShardId, shard.AdjacentParentShardId].sort());
      return { starts: startsOf(shards), parents: parents.sort() };
    },
    {
      starts: evenStarts(2),
      parents: [
        ['shardId-000000000000', 'shardId-000000000001'],
        ['shardId-000000000002', 'shardId-000000000003'],
      ],
    },
  ),
  scaling(
    'any other count ends in shards of even width too',
    async (lab) => {
      const up = await scaled(lab, 3, 5);
      const down = await scaled(lab, 5, 3);
      return [up, down].map(({ shards }) => startsOf(shards));
    },
    [evenStarts(5), evenStarts(3)],
    {
      'kinesis-local': {
        answers: [
          [0, 166667, 333333, 500000, 666667],
          [0, 400000, 800000],
        ],
        because: 'it splits or merges as many shards as are missing and leaves the others',
      },
    },
  ),
  scaling(
    'records put before are read from the parents, records put afterwards from the new shards',
    async (lab) => {
      const stream = await lab.stream(1);
      await lab.put(stream, 'before');
      await lab.scale(stream, 2);
      const after = await lab.put(stream, 'after', { hash: '0' });
      return {
        parent: await lab.read(stream, { ShardIteratorType: 'TRIM_HORIZON' }),
        child: await lab.read(stream, { ShardId: after.shardId, ShardIteratorType: 'TRIM_HORIZON' }),
      };
    },
    { parent: ['before'], child: ['after'] },
  ),
  refusal('scaling to more than double', 2, 5, {
    answers: 'InvalidArgumentException 400',
    because: 'it says InvalidArgumentException 400',
  }),
  refusal('scaling to less than half', 5, 2, { answers: 'accepted', because: 'it rounds the half down' }),
];
