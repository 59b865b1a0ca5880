import { deflateSync, constants as zlibConstants } from 'node:zlib';
import fc from 'fast-check';
import { compressBlock } from 'lz4js';
import { compress as compressSnappy } from 'snappyjs';
import type { Codec } from '../../../src/pulsar/protocol/codec';
import { decompress, decompressionReady, MAX_UNCOMPRESSED } from '../../../src/pulsar/protocol/decompression';
import { loadLibrary } from '../../../src/pulsar/protocol/zstd';

const [LZ4, ZLIB, ZSTD, SNAPPY] = [1, 2, 3, 4];

beforeAll(decompressionReady);

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

/** Lines of numbers that repeat now and then. */
const lines = (count: number): Buffer =>
  Buffer.from(
    Array.from({ length: count }, (_, i) => `${(i * i * 7919) % 1009} ${(i * 31) % 17}\n`).join(''),
  );

const skewed = (count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => ((i * i * 7919) % 1009) % ((i % 5) + 2)));

/** Made by the reference implementation: what was compressed, how, and what came out. */
const FROM_C: readonly (readonly [string, Buffer, string])[] = [
  [
    'fast',
    lines(120),
    'KLUv/QRIBQsAli9XCbA7xLBUgRjAjVMAVABTACT3auiezWl8WL0bggsSFHd+3o0rRscnFcS03gjtxoPjWhmhV6ZUzHzhjNewYLhVQnJ/0zU6pzPG6kQRXLuguFTEux9i1A5Sr4hWz2m3TjjuyQiFJrhHprgFx7swwuhrSD0IrSdGu0Uct+wIDTilEMc35Hg1OcM1Ibke0605Tk2G1ZATXAiiuAHm3TJh9BdST2glD+2SDce9CULvorTK+IYUr7ZguCIU9YtUgqNVpmiXKjgumAg9GUrjfM2EV4NhuBEmuSdEF+icEg2r8iO4J1PcIN41ndGZI9VytIZPu7/juHRCP0ZpWPjahtcZYbjgI7m+6ZLNaVSxOg6E3p3Sy/nWg1fDGe7FSa5J6L6KUzpj1aAILjkoLsXw7oUwejlSLYJWiaBdx3HcASEUTiiFMl+h8wpiDNdQJPcPuiPE6W9YDTLBtYnizol3bWEEACb7Suk=',
  ],
  [
    'without its size',
    lines(60),
    'KLUv/QRo5QUA1hcuCbA7JInJrdnldCsAKgAqAMZrWDDcqnNcItO1IUpFjFWJIrh2wbtTQ3JJhlE7OL0aWi1Eu3WnuDRGKATDca+E7tmUBgmrd0Jw4cG7QkRy44pRMXEKN60np92goLhWRuiV+d5MKlxylNqF1TgRXIjh3QCT3LIzSnRO77SOhXbHhOKeBKHk4ltlpMaLV1sw3D8E98a8W3AkF+SMUgmnBKf1brRbQ3HLjtAA4gtxpMaPVzsxXDvHtZhuBQA2Np+M',
  ],
  [
    'with few different bytes',
    skewed(600),
    'KLUv/QBYVQcA5tcfhDMyEB0AHgAeAG0bSZ72UoFUmIGx3MW5c3YZZL8N2OAVkuoNkoxagRZtkYFpcnoBksIVkCYd2PkZZY0L0WI0JgPKwLsXVnGANExqEo5BrID2XMJlYoMWm+CXviS6XkANyMUP31ksNAPegDTcyAzw7oOt5As138pUBdVjUQtpMykgEBxkGPQBUwEI7fCHmsEiB/Ml0eaGPfRRw56FHdwj1KKtSfs3qQ0b8m6u55ycPqUNBcjIO+7YhmdMR7R0kZHq3XVtvCSP79e0tv2F8XBXkU1s2E89uM4Ia/K4ihd2A0sr3OUrcAEp',
  ],
  ['of one byte, in blocks', Buffer.alloc(300_000, 7), 'KLUv/QRYVAAAEAcHAQD7/znAAgIAEAcDnwQHKuSrQw=='],
];

describe('ZSTD by the library, for a Node without its own', () => {
  let decompressZstd: Codec['decompress'];

  beforeAll(async () => {
    decompressZstd = (await loadLibrary()).decompress;
  });

  test.each(FROM_C)('gives back what was compressed %s', (_how, bytes, base64) => {
    expect(decompressZstd(Buffer.from(base64, 'base64'), bytes.length).equals(bytes)).toBe(true);
  });

  test('gives no more than it was asked for, or an error, and ends, whatever the bytes', () => {
    const damaged = fc.tuple(
      fc.constantFrom(...FROM_C.slice(0, 3)),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }),
      fc.nat(),
    );
    fc.assert(
      fc.property(damaged, ([[, bytes, base64], changes, cut]) => {
        const source = Buffer.from(base64, 'base64');
        for (const [at, byte] of changes) {
          source[at % source.length] = byte;
        }
        let result: Buffer | undefined;
        try {
          result = decompressZstd(source.subarray(0, source.length - (cut % 3)), bytes.length);
        } catch {
          return;
        }
        expect(result.length).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });

  test('does not work on what can fit nowhere: 18 bytes with 98303 matches of 64 KiB', () => {
    const block = [0, 255, 255, 255, 0x54, 0, 0, 52, 1];
    const source = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 100, (block.length << 3) | 5, 0, 0, ...block]);
    const start = performance.now();
    expect(() => decompressZstd(source, 100)).toThrow();
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

test('a ZSTD frame that damage made shorter is refused, though the library takes it', async () => {
  const frame = Buffer.from(FROM_C[2]?.[2] ?? '', 'base64').subarray(0, -2);
  frame[6] = 65;
  const { decompress: decompressZstd } = await loadLibrary();
  expect(() => decompress(frame, ZSTD, 600)).toThrow();
  expect(decompressZstd(frame, 600).length).toBeLessThan(600);
});

test('a Snappy literal with a length beyond 2^31 is refused: it would lead backwards, for ever', () => {
  const source = Buffer.from([20, 0xfc, 0xf6, 0xff, 0xff, 0xff, 1, 2, 3, 4]);
  expect(() => decompress(source, SNAPPY, 20)).toThrow('literal');
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
