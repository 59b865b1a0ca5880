import type { Item } from '../../../src/aws/dynamo-api';
import { nextPlaces, parsePeekPosition } from '../../../src/explore/peek-position';
import { decodeLease } from '../../../src/lease/serializer';

const NOW = Date.UTC(2026, 0, 2);
const SEQUENCE = '49680446008859996185093659183176895877065173590207365218';

describe('where a look begins', () => {
  it.each([
    ['latest', { type: 'LATEST' }],
    ['oldest', { type: 'TRIM_HORIZON' }],
    ['trim_horizon', { type: 'TRIM_HORIZON' }],
    ['-15m', { type: 'AT_TIMESTAMP', timestamp: NOW - 900_000 }],
    ['2026-01-01T12:00:00Z', { type: 'AT_TIMESTAMP', timestamp: Date.UTC(2026, 0, 1, 12) }],
    ['1767225600000', { type: 'AT_TIMESTAMP', timestamp: 1_767_225_600_000 }],
    [SEQUENCE, { type: 'AT_RECORD', place: { sequenceNumber: SEQUENCE, subSequenceNumber: 0 } }],
    [`${SEQUENCE}.7`, { type: 'AT_RECORD', place: { sequenceNumber: SEQUENCE, subSequenceNumber: 7 } }],
    [`${SEQUENCE}:7`, { type: 'AT_RECORD', place: { sequenceNumber: SEQUENCE, subSequenceNumber: 7 } }],
  ])('is what a text says: %s', (text, position) => {
    expect(parsePeekPosition(text, NOW)).toEqual(position);
  });

  it.each(['', 'newest', '-15', '15m', '2026-02-30', '2026-01-03T00:00:00Z', `${SEQUENCE}.`, `-${SEQUENCE}`])(
    'is refused, with what it may be, when it is none: %j',
    (text) => {
      expect(() => parsePeekPosition(text, NOW)).toThrow(
        expect.objectContaining({ code: 'EXPLORE_POSITION_INVALID', expected: expect.any(String) }),
      );
    },
  );
});

describe('what the workers of a source read next', () => {
  const lease = (shard: string, checkpoint: string, sub: number, more: Item = {}) => {
    const decoded = decodeLease({
      leaseKey: { S: shard },
      leaseCounter: { N: '1' },
      checkpoint: { S: checkpoint },
      checkpointSubSequenceNumber: { N: String(sub) },
      ...more,
    });
    return decoded === undefined ? [] : [decoded];
  };

  it('lies behind the last user record that is stored, and nowhere in a shard that is finished', () => {
    const leases = [
      ...lease('a', SEQUENCE, 4),
      ...lease('b', 'TRIM_HORIZON', 0),
      ...lease('c', 'SHARD_END', 0),
      ...lease('d', 'LATEST', 0, { startAt: { N: '1700000000000' } }),
      ...lease('e', 'LATEST', 0),
    ];
    expect(nextPlaces(leases)).toEqual({
      type: 'PLACES',
      places: new Map<string, unknown>([
        [
          'a',
          {
            start: { type: 'AT_SEQUENCE_NUMBER', sequenceNumber: SEQUENCE },
            from: { sequenceNumber: SEQUENCE, subSequenceNumber: 5 },
          },
        ],
        ['b', { start: { type: 'TRIM_HORIZON' } }],
        ['d', { start: { type: 'AT_TIMESTAMP', timestamp: 1_700_000_000_000 } }],
        ['e', { start: { type: 'TRIM_HORIZON' } }],
      ]),
    });
  });
});
