import { openAggregate } from '../../../src/stream/aggregate-reader';
import { HashKeyWindow } from '../../../src/stream/hash-key-window';
import vectors from '../../fixtures/kpl/vectors.json';
import { frameOf, frameOfKey, subRecord, wire } from '../../support/kpl-frame';

interface Read {
  readonly partitionKey: string | undefined;
  readonly explicitHashKey?: string | undefined;
  readonly data: string;
}

/** Everything in `data`; undefined when it is no frame. */
function read(data: Uint8Array): Read[] | undefined {
  const frame = openAggregate(data);
  if (frame === undefined) {
    return undefined;
  }
  const records: Read[] = [];
  while (frame.next()) {
    expect(frame.subSequenceNumber).toBe(records.length);
    const { partitionKey, explicitHashKey } = frame;
    records.push({
      partitionKey,
      ...(explicitHashKey !== undefined && { explicitHashKey }),
      data: Buffer.from(frame.data).toString('utf8'),
    });
  }
  expect(records).toHaveLength(frame.count);
  return records;
}

const KEY = wire.bytes(1, 'k');
const PLAIN = [{ partitionKey: 'k', data: 'x' }];

describe('published frames', () => {
  it.each(vectors.frames.slice(0, 3))('$name come out as published', ({ data, records }) => {
    expect(read(Buffer.from(data, 'base64'))).toEqual(records);
  });

  it('a record that is no frame is none', () => {
    expect(read(Buffer.from(vectors.frames[3]?.data ?? '', 'base64'))).toBeUndefined();
  });
});

describe('a record is what it is when it', () => {
  const whole = frameOfKey('k', ['x']);
  const flipped = (at: number): Buffer => {
    const copy = Buffer.from(whole);
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };

  it.each<[string, Uint8Array]>([
    ['is empty', Buffer.alloc(0)],
    ['is the magic alone', Buffer.from('f3899ac2', 'hex')],
    ['has no room for protobuf', frameOf()],
    ['begins otherwise', flipped(3)],
    ['has another MD5', flipped(whole.length - 1)],
    ['has other bytes than its MD5 says', flipped(6)],
    ['is cut off', whole.subarray(0, -1)],
    ['goes on behind its end', Buffer.concat([whole, Buffer.from('x')])],
    ['is no protobuf', frameOf(Buffer.from('hello'))],
    ['has a record without a partition key index', frameOf(KEY, wire.bytes(3, wire.bytes(3, 'x')))],
    ['has a record without data', frameOf(KEY, wire.bytes(3, wire.number(1, 0)))],
    [
      'has a partition key index of another type',
      frameOf(KEY, wire.bytes(3, Buffer.concat([wire.bytes(1, '\0'), wire.bytes(3, 'x')]))),
    ],
    ['ends within a key', frameOf(wire.tag(1, 2), wire.varint(5), Buffer.from('k'))],
    ['ends within a length', frameOf(wire.tag(1, 2), Buffer.from([0x80]))],
    ['has a length below 0', frameOf(wire.tag(1, 2), wire.varint(0xffffffffn))],
    [
      'has a record that reaches beyond its frame',
      frameOf(KEY, wire.tag(3, 2), wire.varint(9), Buffer.alloc(8)),
    ],
    [
      'has data that reach beyond their record',
      frameOf(KEY, wire.bytes(3, Buffer.from('08001a0578', 'hex')), KEY),
    ],
    ['has a varint of eleven bytes', frameOf(wire.tag(9, 0), Buffer.alloc(10, 0xff), Buffer.from([1]))],
    ['has a field 0', frameOf(KEY, subRecord(0, 'x'), Buffer.from([0x02, 0x00]))],
    ['has a wire type that does not exist', frameOf(KEY, subRecord(0, 'x'), wire.tag(9, 7))],
    ['has a group without an end', frameOf(KEY, wire.tag(9, 3))],
    ['has an end of a group without a beginning', frameOf(KEY, wire.tag(9, 4))],
    ['has an end of another group', frameOf(KEY, wire.tag(9, 3), wire.tag(8, 4))],
    [
      'has groups too deep within each other',
      frameOf(KEY, ...Array<Buffer>(101).fill(wire.tag(9, 3)), ...Array<Buffer>(101).fill(wire.tag(9, 4))),
    ],
    [
      'has a tag without a key',
      frameOf(
        KEY,
        wire.bytes(
          3,
          Buffer.concat([wire.number(1, 0), wire.bytes(3, 'x'), wire.bytes(4, wire.bytes(2, 'v'))]),
        ),
      ),
    ],
  ])('%s', (_why, data) => {
    expect(read(data)).toBeUndefined();
  });
});

describe('a frame', () => {
  it('is read in spite of fields nobody knows, at every level', () => {
    const unknown = Buffer.concat([
      wire.number(9, 1),
      Buffer.concat([wire.tag(10, 1), Buffer.alloc(8)]),
      wire.bytes(11, 'more'),
      Buffer.concat([wire.tag(12, 3), wire.number(1, 5), wire.tag(13, 3), wire.tag(13, 4), wire.tag(12, 4)]),
      Buffer.concat([wire.tag(14, 5), Buffer.alloc(4)]),
      wire.number(1, 3),
    ]);
    const record = wire.bytes(3, Buffer.concat([wire.bytes(9, 'u'), wire.number(1, 0), wire.bytes(3, 'x')]));
    expect(read(frameOf(unknown, KEY, unknown, record, unknown))).toEqual(PLAIN);
  });

  it('is read wherever its tables stand', () => {
    expect(read(frameOf(subRecord(1, 'x', 0), KEY, wire.bytes(2, '7'), wire.bytes(1, 'l')))).toEqual([
      { partitionKey: 'l', explicitHashKey: '7', data: 'x' },
    ]);
  });

  it('is read with groups as deep as Java allows', () => {
    const groups = [...Array<Buffer>(100).fill(wire.tag(9, 3)), ...Array<Buffer>(100).fill(wire.tag(9, 4))];
    expect(read(frameOf(KEY, ...groups, subRecord(0, 'x')))).toEqual(PLAIN);
  });

  it('is read with tags, which nobody is known to write', () => {
    const tag = wire.bytes(4, Buffer.concat([wire.bytes(1, 'name'), wire.bytes(2, 'value')]));
    const record = Buffer.concat([wire.number(1, 0), tag, wire.bytes(3, 'x'), tag]);
    expect(read(frameOf(KEY, wire.bytes(3, record)))).toEqual(PLAIN);
  });

  it('of a field that stands there twice takes the last one', () => {
    const record = [wire.number(1, 5), wire.bytes(3, 'old'), wire.number(1, 0), wire.bytes(3, 'x')];
    expect(read(frameOf(KEY, wire.bytes(3, Buffer.concat(record))))).toEqual(PLAIN);
  });

  it('cuts numbers down to 32 bits, as Java does', () => {
    const long = Buffer.concat([Buffer.alloc(9, 0x80), Buffer.from([1])]);
    const record = Buffer.concat([wire.tag(1, 0), long, wire.bytes(3, 'x')]);
    expect(read(frameOf(KEY, wire.bytes(3, record), subRecord(1n << 32n, 'x')))).toEqual([
      ...PLAIN,
      ...PLAIN,
    ]);
  });

  it('turns bytes of a key that are no UTF-8 into U+FFFD, and leaves data alone', () => {
    const frame = openAggregate(
      frameOf(wire.bytes(1, Uint8Array.of(0x6b, 0xff)), subRecord(0, Uint8Array.of(0xff, 0))),
    );
    expect(frame?.next()).toBe(true);
    expect(frame?.partitionKey).toBe('k\ufffd');
    expect([...(frame?.data ?? [])]).toEqual([0xff, 0]);
  });

  it('without records has none', () => {
    expect(read(frameOf(KEY))).toEqual([]);
  });

  it('keeps a sub-record that names no key, and those behind it', () => {
    const frame = frameOf(
      KEY,
      subRecord(0, 'a'),
      subRecord(7, 'b'),
      subRecord(0, 'c', 3),
      subRecord(-1n & 0xffffffffn, 'd'),
      subRecord(0, 'e'),
    );
    expect(read(frame)).toEqual([
      { partitionKey: 'k', data: 'a' },
      { partitionKey: undefined, data: 'b' },
      { partitionKey: 'k', data: 'c' },
      { partitionKey: undefined, data: 'd' },
      { partitionKey: 'k', data: 'e' },
    ]);
    const reader = openAggregate(frame);
    const whole: boolean[] = [];
    while (reader?.next()) {
      whole.push(reader.isWhole);
    }
    expect(whole).toEqual([true, false, false, false, true]);
  });

  it('goes on behind what is skipped', () => {
    const frame = openAggregate(frameOfKey('k', ['a', 'b', 'c']));
    frame?.skip(2);
    expect(frame?.next()).toBe(true);
    expect([frame?.subSequenceNumber, Buffer.from(frame?.data ?? []).toString()]).toEqual([2, 'c']);
    expect(frame?.next()).toBe(false);
    const none = openAggregate(frameOfKey('k', ['a']));
    none?.skip(9);
    expect(none?.next()).toBe(false);
  });

  it('shows data where they stand, without a copy', () => {
    const body = Buffer.concat([Buffer.from('before'), frameOfKey('k', ['x']), Buffer.from('behind')]);
    const frame = openAggregate(body.subarray(6, -6));
    expect(frame?.next()).toBe(true);
    expect(frame?.data.buffer).toBe(body.buffer);
    expect(Buffer.from(frame?.data ?? []).toString()).toBe('x');
  });

  it('finds each of many keys, however often it comes back to them', () => {
    const keys = Array.from({ length: 3000 }, (_, i) =>
      i % 1000 === 0 ? `${i}-${'long'.repeat(300)}` : `key-${i}`,
    );
    const order = [...keys.keys(), ...[...keys.keys()].reverse()];
    const frame = frameOf(
      ...keys.map((key) => wire.bytes(1, key)),
      ...order.map((i) => subRecord(i, String(i))),
    );
    expect(read(frame)).toEqual(order.map((i) => ({ partitionKey: keys[i], data: String(i) })));
  });
});

describe('whether a sub-record belongs to the shard', () => {
  // MD5 of "k" begins with 8, that of "a" with 0.
  const upper = new HashKeyWindow({
    startingHashKey: String(1n << 127n),
    endingHashKey: String((1n << 128n) - 1n),
  });
  const inside = (...parts: Buffer[]): boolean[] => {
    const frame = openAggregate(frameOf(...parts));
    const answers: boolean[] = [];
    while (frame?.next()) {
      answers.push(frame.isInside(upper));
    }
    return answers;
  };

  it('its explicit hash key decides, else the MD5 of its partition key', () => {
    const tables = [
      wire.bytes(1, 'k'),
      wire.bytes(1, 'a'),
      wire.bytes(2, '0'),
      wire.bytes(2, String(1n << 127n)),
    ];
    expect(
      inside(
        ...tables,
        subRecord(0, 'x'),
        subRecord(1, 'x'),
        subRecord(0, 'x', 0),
        subRecord(1, 'x', 1),
        subRecord(1, 'x'),
      ),
    ).toEqual([true, false, false, true, false]);
  });

  it('both ends of the range belong to it, and nothing beyond', () => {
    const narrow = new HashKeyWindow({ startingHashKey: '5', endingHashKey: '900' });
    expect(['4', '5', '005', '900', '901'].map((key) => narrow.holdsHashKey(key))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(upper.holdsHashKey(String(1n << 128n))).toBe(false);
  });

  it('what cannot be told counts as inside: it is never dropped', () => {
    const odd = ['', '-1', '1e9', '1'.repeat(100_000)].map((key) => wire.bytes(2, key));
    expect(
      inside(
        wire.bytes(1, 'a'),
        ...odd,
        ...[0, 1, 2, 3, 4].map((i) => subRecord(0, 'x', i)),
        subRecord(1, 'x'),
      ),
    ).toEqual(Array(6).fill(true));
  });
});
