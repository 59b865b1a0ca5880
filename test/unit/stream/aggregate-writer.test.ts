import fc from 'fast-check';
import { openAggregate } from '../../../src/stream/aggregate-reader';
import { AggregateWriter, type UserRecord } from '../../../src/stream/aggregate-writer';
import { hashKeyOf, MAX_HASH_KEY } from '../../../src/stream/hash-key';
import vectors from '../../fixtures/kpl/vectors.json';

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

const record = (partitionKey: string, data: string | number, explicitHashKey?: string): UserRecord => ({
  partitionKey,
  data: typeof data === 'number' ? Buffer.alloc(data, 'd') : Buffer.from(data),
  ...(explicitHashKey !== undefined && { explicitHashKey }),
});

function frameOf(records: readonly UserRecord[], limit = NO_LIMIT): UserRecord {
  const writer = new AggregateWriter(limit);
  for (const one of records) {
    expect(writer.add(one)).toBe(true);
  }
  return writer.finish();
}

/** What a reader finds in it. */
function read(data: Uint8Array): UserRecord[] {
  const frame = openAggregate(data);
  const records: UserRecord[] = [];
  while (frame?.next()) {
    const { partitionKey = '', explicitHashKey } = frame;
    records.push({
      partitionKey,
      data: Buffer.from(frame.data),
      ...(explicitHashKey !== undefined && { explicitHashKey }),
    });
  }
  return records;
}

const sizeOf = ({ data, partitionKey }: UserRecord): number => data.length + Buffer.byteLength(partitionKey);

const userRecord: fc.Arbitrary<UserRecord> = fc
  .record({
    partitionKey: fc.oneof(
      fc.constantFrom('a', 'b', 'ü'),
      fc.string({ minLength: 1, maxLength: 256, unit: 'grapheme' }),
    ),
    data: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 100, maxLength: 300 })),
    explicitHashKey: fc.option(
      fc.oneof(fc.constantFrom('0', '7'), fc.bigInt({ min: 0n, max: MAX_HASH_KEY }).map(String)),
      { nil: undefined },
    ),
  })
  .map(({ partitionKey, data, explicitHashKey }) => ({
    partitionKey,
    data: Buffer.from(data),
    ...(explicitHashKey !== undefined && { explicitHashKey }),
  }));

describe('aggregate writer', () => {
  it.each(vectors.frames.slice(0, 3))('writes the bytes of the KPL: $name', ({ data, records }) => {
    const written = frameOf(
      records.map((one) => {
        const { partitionKey, data: text, explicitHashKey } = one as { [name: string]: string };
        return record(partitionKey ?? '', text ?? '', explicitHashKey);
      }),
    );
    expect(Buffer.from(written.data).toString('base64')).toBe(data);
    expect(written.partitionKey).toBe('a');
  });

  it('sends a frame where its first record would go', () => {
    const second = record('l', 'y', '9');
    expect(frameOf([record('k', 'x'), second]).explicitHashKey).toBe(String(hashKeyOf('k')));
    expect(frameOf([record('k', 'x', '12'), second]).explicitHashKey).toBe('12');
  });

  it('leaves a record that is alone as it is', () => {
    const alone = record('k', 'x');
    expect(frameOf([alone])).toBe(alone);
    expect(frameOf([alone], 2)).toBe(alone);
  });

  it('takes a record of the whole limit, and no other beside it; nor one larger', () => {
    const writer = new AggregateWriter(1000);
    expect(writer.add(record('k', 1000))).toBe(false);
    expect(writer.count).toBe(0);
    expect(writer.add(record('k', 999))).toBe(true);
    expect(writer.size).toBe(1000);
    expect(writer.add(record('k', 0))).toBe(false);
    expect([writer.count, writer.size]).toEqual([1, 1000]);
  });

  it('names each key once', () => {
    const { data } = frameOf(
      Array.from({ length: 50 }, (_, i) => record(`key-${i % 2}`, 'x', String(i % 3))),
    );
    const text = Buffer.from(data).toString('latin1');
    expect(text.match(/key-/g)).toHaveLength(2);
  });

  it('has nothing to finish without a record', () => {
    expect(() => new AggregateWriter(100).finish()).toThrow(RangeError);
  });

  it('knows its size for keys, indexes and data of any length', () => {
    const writer = new AggregateWriter(NO_LIMIT);
    for (const bytes of [0, 1, 120, 121, 122, 123, 127, 128, 16_375, 16_383, 16_384, 70_000]) {
      writer.add(record('k'.repeat((bytes % 256) + 1), bytes, String(bytes)));
    }
    for (let i = 0; i < 20_000; i++) {
      writer.add(record(`key-${i}`, 'x', String(i)));
    }
    const { size } = writer;
    expect(sizeOf(writer.finish())).toBe(size);
  });
});

describe('whatever is written', () => {
  it('is read again, in its order', () => {
    fc.assert(
      fc.property(fc.array(userRecord, { minLength: 2, maxLength: 30 }), (records) => {
        expect(read(frameOf(records).data)).toEqual(records);
      }),
      { numRuns: 60 },
    );
  });

  it('is as large as the writer says, never larger than allowed, and what did not fit would not have', () => {
    fc.assert(
      fc.property(
        fc.array(userRecord, { maxLength: 30 }),
        fc.integer({ min: 0, max: 2000 }),
        (records, limit) => {
          const writer = new AggregateWriter(limit);
          const taken: UserRecord[] = [];
          for (const one of records) {
            const before = writer.size;
            if (writer.add(one)) {
              taken.push(one);
            } else {
              expect(writer.size).toBe(before);
              expect(sizeOf(frameOf([...taken, one]))).toBeGreaterThan(limit);
            }
            expect(writer.count).toBe(taken.length);
          }
          if (taken.length > 0) {
            const { size } = writer;
            expect(size).toBeLessThanOrEqual(limit);
            expect(sizeOf(writer.finish())).toBe(size);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
