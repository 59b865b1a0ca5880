import {
  type HashingScheme,
  javaStringHash,
  MessageRouter,
  murmur3Hash,
} from '../../../src/pulsar/protocol/message-router';
import vectors from '../../fixtures/pulsar/partition-vectors.json';

const router = (hashingScheme: HashingScheme = 'Murmur3_32Hash', switchMs = 0, start = 0) =>
  new MessageRouter({ hashingScheme, switchMs }, start);

// The vectors were written by the Java client's own router (4.0.8): keys of 0 to 1000 characters, all lengths of UTF-8.
test.each<[HashingScheme, (key: string) => number]>([
  ['Murmur3_32Hash', murmur3Hash],
  ['JavaStringHash', javaStringHash],
])('%s puts each key where the Java client puts it', (scheme, hash) => {
  expect(vectors.keys.length).toBeGreaterThan(60);
  for (const { key, [scheme]: expected } of vectors.keys) {
    const found = vectors.counts.map((count) => router(scheme).partitionOf({ key }, count, 0));
    expect({ key, hash: hash(key), partitions: found }).toEqual({ key, ...expected });
  }
});

test('a message without a key that is sent again comes to the partition it came to before', () => {
  const numbered = { key: undefined, recordSequence: 2 ** 53 - 1 };
  const partitions = [router(), router('JavaStringHash', 10, 3)].map((one) =>
    one.partitionOf(numbered, 7, 5),
  );
  expect(new Set(partitions)).toEqual(new Set([(2 ** 53 - 1) % 7]));
});

test('messages without key and number take turns: each its own, or for as long as a batch fills', () => {
  const plain = { key: undefined };
  const unbatched = router('Murmur3_32Hash', 0, 2);
  expect([0, 0, 0, 0].map((now) => unbatched.partitionOf(plain, 3, now))).toEqual([2, 0, 1, 2]);
  const batched = router('Murmur3_32Hash', 10, 2);
  expect([0, 9, 10, 19, 20].map((now) => batched.partitionOf(plain, 3, now))).toEqual([2, 2, 0, 0, 1]);
});
