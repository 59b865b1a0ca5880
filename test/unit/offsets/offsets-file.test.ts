import fc from 'fast-check';
import { ConnectorError } from '../../../src/errors';
import { OFFSETS_FORMAT, readOffsetsFile, writeOffsetsFile } from '../../../src/offsets/offsets-file';
import type { OffsetsRow } from '../../../src/offsets/offsets-row';

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const instant = fc.integer({ min: 0, max: 4_000_000_000_000 });
const digits = fc.bigInt({ min: 0n, max: 10n ** 56n }).map(String);
const ids = fc.array(fc.stringMatching(/^shardId-\d{12}$/), { maxLength: 2 });

const row: fc.Arbitrary<OffsetsRow> = fc.record({
  stream: maybe(fc.constant('123456789012:orders:1700000000')),
  streamArn: maybe(fc.constant('arn:aws:kinesis:eu-central-1:123456789012:stream/orders')),
  shardId: fc.stringMatching(/^shardId-\d{12}$/),
  checkpoint: fc.oneof(
    fc.record({ sequenceNumber: digits, subSequenceNumber: fc.nat() }),
    fc.record({
      sequenceNumber: fc.constantFrom('TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP', 'SHARD_END'),
      subSequenceNumber: fc.constant(0),
    }),
  ),
  startAt: maybe(instant),
  readFrom: maybe(instant),
  caughtUpAt: maybe(instant),
  parentShardIds: ids,
  childShardIds: ids,
  hashRange: maybe(
    fc.record({
      startingHashKey: digits.map((key) => key.slice(0, 38)),
      endingHashKey: digits.map((key) => key.slice(0, 38)),
    }),
  ),
  anchor: fc.boolean(),
});

test('what is written is read back, every digit and millisecond of it', () => {
  fc.assert(
    fc.property(fc.uniqueArray(row, { selector: ({ shardId }) => shardId }), (rows) => {
      const absent = rows.map(({ stream, shardId }) => ({ stream, shardId: `${shardId}-absent` }));
      const text = writeOffsetsFile({ table: 'app', rows, absent }, 0);
      expect(readOffsetsFile(text, 'file')).toEqual({ table: 'app', rows, absent });
    }),
  );
});

test.each([
  ['no JSON', '{', 'no JSON'],
  ['another format', '{"format":"x","shards":[]}', OFFSETS_FORMAT],
  ['no list', `{"format":"${OFFSETS_FORMAT}"}`, OFFSETS_FORMAT],
  [
    'a shard twice',
    shards({ shardId: 'a', checkpoint: '1' }, { shardId: 'a', checkpoint: '2' }),
    'shards[1]: a stands there twice',
  ],
  ['no shard id', shards({ checkpoint: '1' }), 'shards[0].shardId'],
  ['an empty shard id', shards({ shardId: '', checkpoint: '1' }), 'shards[0].shardId'],
  [
    'a number for a checkpoint that is too large for one',
    shards({ shardId: 'a', checkpoint: 1e60 }),
    'shards[0].checkpoint',
  ],
  ['no checkpoint', shards({ shardId: 'a' }), 'shards[0].checkpoint'],
  [
    'a sub-sequence number beside a word',
    shards({ shardId: 'a', checkpoint: 'LATEST', subSequenceNumber: 1 }),
    'shards[0].checkpoint',
  ],
  [
    'an instant that is none',
    shards({ shardId: 'a', checkpoint: '1', startAt: 'soon' }),
    'shards[0].startAt',
  ],
  [
    'parents that are no list',
    shards({ shardId: 'a', checkpoint: '1', parentShardIds: 'b' }),
    'shards[0].parentShardIds',
  ],
  [
    'half a hash range',
    shards({ shardId: 'a', checkpoint: '1', hashRange: { startingHashKey: '0' } }),
    'shards[0].hashRange',
  ],
])('a file with %s is refused, and says where', (_what, text, where) => {
  const read = (): unknown => readOffsetsFile(text, 'file');
  expect(read).toThrow(ConnectorError);
  expect(read).toThrow(where);
});

function shards(...given: object[]): string {
  return JSON.stringify({ format: OFFSETS_FORMAT, shards: given });
}
