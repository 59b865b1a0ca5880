import fc from 'fast-check';
import type { EncryptionContext, Properties } from '../../../src/io';
import { createEntryMaker } from '../../../src/sink/entry-maker';
import { seededRandom } from '../../../src/util/random';
import { entryOf, message } from './format-message';

/**
 * Reads a flatbuffer by the schema, without the package that wrote it. Source: FlatBuffers, Internals: a table
 * begins with the distance back to its vtable; the vtable has its own size, the table's, then an offset a field.
 */
class Table {
  constructor(
    private readonly bytes: Buffer,
    private readonly at: number,
  ) {}

  static root(data: Uint8Array): Table {
    const bytes = Buffer.from(data);
    return new Table(bytes, bytes.readUInt32LE(0));
  }

  private slot(field: number): number | undefined {
    const vtable = this.at - this.bytes.readInt32LE(this.at);
    const entry = 4 + field * 2;
    const offset = entry < this.bytes.readUInt16LE(vtable) ? this.bytes.readUInt16LE(vtable + entry) : 0;
    return offset === 0 ? undefined : this.at + offset;
  }

  private target(field: number): number | undefined {
    const slot = this.slot(field);
    return slot === undefined ? undefined : slot + this.bytes.readUInt32LE(slot);
  }

  int8(field: number): number {
    return this.bytes[this.slot(field) ?? -1] ?? 0;
  }

  int32(field: number): number {
    const slot = this.slot(field);
    return slot === undefined ? 0 : this.bytes.readInt32LE(slot);
  }

  vector(field: number): Buffer | undefined {
    const at = this.target(field);
    return at === undefined ? undefined : this.bytes.subarray(at + 4, at + 4 + this.bytes.readUInt32LE(at));
  }

  text(field: number): string | undefined {
    return this.vector(field)?.toString('utf8');
  }

  table(field: number): Table | undefined {
    const at = this.target(field);
    return at === undefined ? undefined : new Table(this.bytes, at);
  }

  tables(field: number): Table[] {
    const at = this.target(field) ?? -1;
    return Array.from({ length: at < 0 ? 0 : this.bytes.readUInt32LE(at) }, (_, index) => {
      const slot = at + 4 + index * 4;
      return new Table(this.bytes, slot + this.bytes.readUInt32LE(slot));
    });
  }

  map(field: number): Properties {
    return Object.fromEntries(this.tables(field).map((pair) => [pair.text(0) ?? '', pair.text(1) ?? '']));
  }
}

function readBack(data: Uint8Array): unknown {
  const root = Table.root(data);
  const context = root.table(0);
  return {
    payload: root.vector(2),
    properties: root.map(1),
    encryption: context && {
      keys: Object.fromEntries(
        context.tables(0).map((key) => [key.text(0), { value: key.vector(1), metadata: key.map(2) }]),
      ),
      param: context.vector(1),
      algorithm: context.text(2),
      compressionType: context.int8(3),
      uncompressedMessageSize: context.int32(4),
      batchSize: context.int32(5),
      isBatchMessage: context.int8(6),
    },
  };
}

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const texts = fc.dictionary(text, text, { maxKeys: 20 });
const encryption: fc.Arbitrary<EncryptionContext> = fc.record({
  keys: fc.uniqueArray(fc.record({ name: text, value: bytes, metadata: texts }), {
    selector: (key) => key.name,
    maxLength: 4,
  }),
  param: bytes,
  algorithm: text,
  compressionType: fc.constantFrom('NONE', 'LZ4', 'ZLIB', 'ZSTD', 'SNAPPY'),
  uncompressedMessageSize: fc.nat(),
  batchSize: fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined }),
});

describe('FULL_MESSAGE_IN_FB', () => {
  it('is read back whole by a reader written from the schema', () => {
    fc.assert(
      fc.property(bytes, texts, fc.option(encryption, { nil: undefined }), (value, properties, context) => {
        const { data } = entryOf(
          { messageFormat: 'FULL_MESSAGE_IN_FB' },
          { value, properties, ...(context === undefined ? {} : { encryption: context }) },
        );
        expect(readBack(data)).toEqual({
          payload: value,
          properties,
          encryption: context && {
            keys: Object.fromEntries(
              context.keys.map(({ name, value, metadata }) => [name, { value, metadata }]),
            ),
            param: context.param,
            algorithm: context.algorithm,
            compressionType: { NONE: 0, LZ4: 1, ZLIB: 2, ZSTD: 0, SNAPPY: 0 }[context.compressionType],
            uncompressedMessageSize: context.uncompressedMessageSize,
            batchSize: context.batchSize ?? 1,
            isBatchMessage: context.batchSize === undefined ? 0 : 1,
          },
        });
      }),
      { numRuns: 200 },
    );
  });

  it('has no payload for a null value, and an empty one for an empty value', () => {
    const config = { messageFormat: 'FULL_MESSAGE_IN_FB' } as const;
    expect(readBack(entryOf(config, {}).data)).toMatchObject({ payload: undefined });
    expect(readBack(entryOf(config, { value: '' }).data)).toMatchObject({ payload: Buffer.alloc(0) });
  });

  it('never changes bytes already handed out, however the next messages look', () => {
    const maker = createEntryMaker(
      {
        messageFormat: 'FULL_MESSAGE_IN_FB',
        jsonIncludeNonNulls: true,
        jsonFlatten: false,
        partitionColumn: { type: 'key' },
      },
      seededRandom(1),
    );
    const sizes = [10, 3_000_000, 10, 2_000, 0, 500];
    const made = sizes.map((size, index) => {
      const { data } = maker.make(message({ key: 'k', value: Buffer.alloc(size, index + 1) }));
      return { data, before: Buffer.from(data) };
    });
    made.forEach(({ data, before }, index) => {
      expect(before.equals(data)).toBe(true);
      expect(readBack(data)).toMatchObject({ payload: Buffer.alloc(sizes[index] ?? 0, index + 1) });
    });
  });
});
