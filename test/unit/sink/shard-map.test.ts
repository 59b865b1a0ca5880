import fc from 'fast-check';
import { ShardMap } from '../../../src/sink/shard-map';
import { hashKeyOf, MAX_HASH_KEY } from '../../../src/stream/hash-key';
import type { Shard } from '../../../src/stream/shard';
import { evenShards } from '../../support/put-lab';
import { shardOf } from '../../support/shards';

/** Open shards that cut the hash space at the given places. */
function cutAt(places: readonly bigint[]): Shard[] {
  const starts = [0n, ...[...new Set(places)].sort((a, b) => (a < b ? -1 : 1))];
  return starts.map((start, index) => ({
    ...shardOf(`shard-${index}`),
    startingHashKey: String(start),
    endingHashKey: String((starts[index + 1] ?? MAX_HASH_KEY + 1n) - 1n),
  }));
}

const hashKey = fc.bigInt({ min: 1n, max: MAX_HASH_KEY });
const stream = fc.array(hashKey, { maxLength: 12 }).map(cutAt);

const takes = (shard: Shard | undefined, key: bigint): boolean =>
  shard !== undefined && BigInt(shard.startingHashKey) <= key && key <= BigInt(shard.endingHashKey);

test('a record is expected on the shard whose range contains the hash of its key', () => {
  fc.assert(
    fc.property(stream, fc.string({ minLength: 1 }), fc.boolean(), (shards, partitionKey, reversed) => {
      const map = new ShardMap(reversed ? [...shards].reverse() : shards);
      const shardId = map.shardIds[map.indexOf({ partitionKey })];
      expect(
        takes(
          shards.find((shard) => shard.shardId === shardId),
          hashKeyOf(partitionKey),
        ),
      ).toBe(true);
    }),
  );
});

test('an explicit hash key overrides the partition key', () => {
  fc.assert(
    fc.property(stream, hashKey, (shards, key) => {
      const map = new ShardMap(shards);
      const shardId = map.shardIds[map.indexOf({ partitionKey: 'k', explicitHashKey: String(key) })];
      expect(
        takes(
          shards.find((shard) => shard.shardId === shardId),
          key,
        ),
      ).toBe(true);
    }),
  );
});

test('the first and the last hash key have their shard', () => {
  const map = new ShardMap(evenShards(3));
  expect(map.indexOf({ partitionKey: 'k', explicitHashKey: '0' })).toBe(0);
  expect(map.indexOf({ partitionKey: 'k', explicitHashKey: String(MAX_HASH_KEY) })).toBe(2);
});

test('closed shards take nothing', () => {
  const parent = shardOf('parent', { closed: true });
  const map = new ShardMap([parent, ...evenShards(2, 'child')]);
  expect(map.shardIds).toEqual(['child-0', 'child-1']);
});
