import { deflateSync, constants as zlibConstants } from 'node:zlib';
import fc from 'fast-check';
import { compressBlock } from 'lz4js';
import { compress as compressSnappy } from 'snappyjs';
import { decompress, MAX_UNCOMPRESSED } from '../../../src/pulsar/protocol/decompression';

const [LZ4, ZLIB, ZSTD, SNAPPY] = [1, 2, 3, 4];

/** Text that compresses, bytes that do not, and matches of every length and distance. */
const payload = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.string({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 60 }))
        .map(([text, times]) => Buffer.from(text.repeat(times))),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

function lz4(bytes: Buffer): Buffer {
  const target = new Uint8Array(bytes.length * 2 + 100);
  const size = compressBlock(bytes, target, 0, bytes.length, new Uint32Array(65536));
  if (size > 0) {
    return Buffer.from(target.subarray(0, size));
  }
  // That package does not compress what does not shrink: then everything is literals.
  const length = bytes.length;
  const more = Array.from({ length: Math.floor((length - 15) / 255) }, () => 255);
  const head = length < 15 ? [length << 4] : [0xf0, ...more, (length - 15) % 255];
  return Buffer.concat([Buffer.from(head), bytes]);
}

const COMPRESS: readonly (readonly [string, number, (bytes: Buffer) => Buffer])[] = [
  ['LZ4', LZ4, lz4],
  ['ZLIB', ZLIB, (bytes) => deflateSync(bytes)],
  [
    'ZLIB as Java leaves it',
    ZLIB,
    (bytes) => deflateSync(bytes, { finishFlush: zlibConstants.Z_SYNC_FLUSH }),
  ],
  ['SNAPPY', SNAPPY, (bytes) => Buffer.from(compressSnappy(bytes))],
];

describe.each(COMPRESS)('%s', (_name, type, compress) => {
  test('gives back what was compressed', () => {
    fc.assert(
      fc.property(payload, (bytes) => {
        expect(decompress(compress(bytes), type, bytes.length).equals(bytes)).toBe(true);
      }),
    );
  });

  test('gives the size it was asked for or an error, and ends, whatever the bytes', () => {
    const damaged = fc.tuple(payload, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }), fc.nat());
    fc.assert(
      fc.property(damaged, fc.integer({ min: 0, max: 5000 }), ([bytes, changes, cut], size) => {
        const source = compress(bytes);
        for (const [at, byte] of changes) {
          source[at % Math.max(1, source.length)] = byte;
        }
        let result: Buffer | undefined;
        try {
          result = decompress(source.subarray(0, cut % (source.length + 1)), type, size);
        } catch {
          return;
        }
        expect(result).toHaveLength(size);
      }),
      { numRuns: 300 },
    );
  });
});

/** Made by the library that Java's client uses. */
const FROM_JAVA =
  'KLUv/WQFDg0GAHLOHRSgGRACGO7e7yEQyZLIlNK8CBEl9EM5pZxSTimnlFPKKeWUcko5pZxSTimnlFPKKeWUcko5pZxSTimnlFPKKeWUcko5pZxSTimnlFPKKeWUcko5pZxSTimnlFPKLEAKQNlJDEHHgUkCQ4ZBUUCMhWJkFAhEgsJBgNWoAfz6F/AlBREMUBAiPPMDNkKOCEfEEVmEHCJHiCPkiFhEHJFFyCFyhEjR+7qxcbIW2rhYkUIrV4KENjY2Nja2y37t/37gVXmt';

describe('ZSTD', () => {
  const text = Array.from({ length: 200 }, (_, i) => `flight ${(i * 7) % 13} to gate ${i % 5}\n`).join('');
  const source = Buffer.from(FROM_JAVA, 'base64');

  test('gives back what Java compressed', () => {
    expect(decompress(source, ZSTD, text.length).toString()).toBe(text);
  });

  test.each([
    ['too small a size', source, text.length - 1],
    ['too large a size', source, text.length + 1],
    ['a frame that is cut off', source.subarray(0, 40), text.length],
    ['no frame', Buffer.from('nothing of the kind'), 19],
    ['nothing', Buffer.alloc(0), 5],
  ])('refuses %s', (_what, bytes, size) => {
    expect(() => decompress(bytes, ZSTD, size)).toThrow();
  });
});

test('a Snappy literal with a length beyond 2^31 is refused: it would lead backwards, for ever', () => {
  const source = Buffer.from([20, 0xfc, 0xf6, 0xff, 0xff, 0xff, 1, 2, 3, 4]);
  expect(() => decompress(source, SNAPPY, 20)).toThrow('cut off');
});

test('what claims to be larger than any message is not made room for', () => {
  for (const type of [LZ4, ZLIB, ZSTD, SNAPPY]) {
    expect(() => decompress(Buffer.alloc(100), type, MAX_UNCOMPRESSED + 1)).toThrow('more than');
  }
  expect(() => decompress(Buffer.alloc(100), 9, 100)).toThrow('not known');
});

test('without compression the bytes are passed on uncopied', () => {
  const bytes = Buffer.from('as it is');
  expect(decompress(bytes, 0, 0)).toBe(bytes);
});
