import { createHash } from 'node:crypto';
import type { RawRecord } from '../../src/aws/kinesis-api';
import type { KinesisRecord, SubRecord } from '../../src/source/kinesis-record';
import { Unpacking } from '../../src/source/unpacking';
import { openAggregate } from '../../src/stream/aggregate-reader';
import { AggregateWriter } from '../../src/stream/aggregate-writer';
import { HashKeyWindow } from '../../src/stream/hash-key-window';
import { type Random, randomInt, seededRandom } from '../../src/util/random';
import { frameOf, subRecord, wire } from '../support/kpl-frame';

/** Bytes of the smallest sub-record: two tags, two lengths, an index, no data, and its own tag and length. */
const SMALLEST = 6;

/** Milliseconds that no input of this size needs, however busy the machine is. */
const HANG_MS = 5000;

/** Bytes that opening an input may take, times its own; and whatever the input: code that is compiled meanwhile. */
const MOST_GROWTH = 16;
const NOISE_BYTES = 8 * 1024 * 1024;

const MAGIC = Buffer.from('f3899ac2', 'hex');
const WINDOW = new HashKeyWindow({ startingHashKey: '0', endingHashKey: String(1n << 127n) });

/** How many inputs were unpacked, and how many stayed as they are. */
export interface Tally {
  unpacked: number;
  raw: number;
  subRecords: number;
}

/**
 * One input, which follows from `seed`, through everything that takes frames apart.
 * @throws Error: something was broken
 */
export function fuzzAggregate(seed: number, tally: Tally): void {
  const random = seededRandom(seed);
  const data = input(random);
  const startedAt = performance.now();
  checkMemory(data);
  check(data, random, tally);
  const took = performance.now() - startedAt;
  ensure(took < HANG_MS, `${data.length} bytes took ${Math.round(took)} ms`);
}

/** Whatever lengths and counts the bytes name, opening them takes no more than a few times their size. */
function checkMemory(data: Uint8Array): void {
  const before = memory();
  openAggregate(data);
  // A collection meanwhile makes it less; it cannot make it too much.
  const grown = memory() - before;
  ensure(grown < MOST_GROWTH * data.length + NOISE_BYTES, `${data.length} bytes took ${grown} bytes`);
}

function check(data: Uint8Array, random: Random, tally: Tally): void {
  const count = checkFrame(data);
  if (count === undefined) {
    tally.raw++;
  } else {
    tally.unpacked++;
    tally.subRecords += count;
  }
  const skipped = randomInt(random, 4) === 0 ? randomInt(random, 12) : 0;
  checkUnpacking(data, count, skipped, random.next() < 0.5 ? 'keep' : 'drop');
}

/** @returns its sub-records; undefined when it is no frame */
function checkFrame(data: Uint8Array): number | undefined {
  const frame = openAggregate(data);
  if (frame === undefined) {
    return undefined;
  }
  ensure(frame.count * SMALLEST <= data.length, `${frame.count} sub-records in ${data.length} bytes`);
  let payload = 0;
  for (let i = 0; i < frame.count; i++) {
    ensure(frame.next(), 'fewer sub-records than counted');
    ensure(frame.subSequenceNumber === i, 'a sub-sequence number is left out');
    const view = frame.data;
    ensure(view.buffer === data.buffer, 'data are a copy');
    ensure(
      view.byteOffset >= data.byteOffset && view.byteOffset + view.length <= data.byteOffset + data.length,
      'data lie outside the frame',
    );
    payload += view.length;
    const { partitionKey, explicitHashKey } = frame;
    ensure((partitionKey?.length ?? 0) + (explicitHashKey?.length ?? 0) <= data.length, 'keys are too long');
    const inside = frame.isInside(WINDOW);
    ensure(frame.isInside(WINDOW) === inside, 'a key is inside and outside');
  }
  ensure(payload <= data.length, 'more data than the frame has');
  ensure(!frame.next(), 'more sub-records than counted');
  return frame.count;
}

/** What comes out is all of it, once and in order; or the record as it is. */
function checkUnpacking(
  data: Uint8Array,
  count: number | undefined,
  skipped: number,
  misplaced: 'keep' | 'drop',
): void {
  const raw: RawRecord = {
    data,
    partitionKey: 'carrier',
    sequenceNumber: '1',
    approximateArrival: 0,
    encryptionType: 'NONE',
  };
  const made: { readonly sub: number | undefined; readonly data: Uint8Array }[] = [];
  const unpacking = new Unpacking([raw], skipped, {
    window: WINDOW,
    misplaced,
    firstOrdinal: 0,
    make: (of: RawRecord, _ordinal: number, part: SubRecord | undefined) => {
      made.push({ sub: part?.subSequenceNumber, data: part?.data ?? of.data });
      return {} as KinesisRecord;
    },
  });
  let slices = 0;
  let dropped = 0;
  for (let isLast = false; !isLast; slices++) {
    const slice = unpacking.next();
    isLast = slice.isLast;
    dropped += misplaced === 'drop' ? slice.misplaced : 0;
  }
  ensure(slices <= (count ?? 0) / 512 + 2, `${slices} slices`);
  if (count === undefined) {
    const whole = made.length === 1 && made[0]?.data === data && made[0].sub === undefined;
    ensure(skipped > 0 ? made.length === 0 : whole, 'a record that is no frame is not what it was');
    return;
  }
  ensure(made.length + dropped === Math.max(0, count - skipped), 'sub-records are lost or doubled');
  made.forEach(({ sub }, i) => {
    ensure((sub ?? -1) >= skipped && (i === 0 || (made[i - 1]?.sub ?? -1) < (sub ?? -1)), 'out of order');
  });
}

/** Random bytes, frames, and everything between; often with the MD5 put right, so that the parser sees them. */
function input(random: Random): Buffer {
  const pick = (bound: number): number => randomInt(random, bound);
  switch (pick(9)) {
    case 0:
      return bytes(random, pick(64));
    case 1:
      return Buffer.concat([MAGIC, bytes(random, pick(64))]);
    case 2:
      return frameOf(bytes(random, pick(200)));
    case 3:
      return frameOf(...Array.from({ length: pick(40) }, () => oddField(random, 0)));
    case 4:
      return written(random);
    case 5:
      return written(random);
    case 6:
      return mutated(written(random), random);
    default:
      return resealed(mutated(written(random), random));
  }
}

/** A frame as a producer writes it, sometimes one with thousands of sub-records. */
function written(random: Random): Buffer {
  const writer = new AggregateWriter(Number.MAX_SAFE_INTEGER);
  const many = randomInt(random, 50) === 0 ? 3000 : 20;
  const count = 2 + randomInt(random, many);
  const keys = 1 + randomInt(random, count);
  for (let i = 0; i < count; i++) {
    writer.add({
      partitionKey: `key-${randomInt(random, keys)}`,
      data: bytes(random, randomInt(random, 30)),
      ...(random.next() < 0.3 && { explicitHashKey: String(BigInt(`0x${random.hex(16)}`)) }),
    });
  }
  return Buffer.from(writer.finish().data);
}

/** A field that is nearly right, or nested, or long, or none at all. */
function oddField(random: Random, depth: number): Buffer {
  const pick = (bound: number): number => randomInt(random, bound);
  const field = random.next() < 0.8 ? 1 + pick(4) : pick(1 << 29);
  switch (pick(depth > 6 ? 6 : 8)) {
    case 0:
      return wire.bytes(1, bytes(random, pick(20)));
    case 1:
      return wire.bytes(2, String(pick(1e9)));
    case 2:
      return subRecord(pick(6), bytes(random, pick(9)), random.next() < 0.3 ? pick(4) : undefined);
    case 3:
      return wire.number(field, BigInt(`0x${random.hex(1 + pick(9))}`));
    case 4:
      return Buffer.concat([wire.tag(field, pick(8)), bytes(random, pick(12))]);
    case 5:
      return wire.bytes(field, bytes(random, pick(30)));
    case 6:
      return wire.bytes(field, nested(random, depth));
    default:
      return Buffer.concat([wire.tag(field, 3), nested(random, depth), wire.tag(field, 4)]);
  }
}

function nested(random: Random, depth: number): Buffer {
  return Buffer.concat(Array.from({ length: randomInt(random, 4) }, () => oddField(random, depth + 1)));
}

/** Some bytes changed, put in, taken out, or repeated. */
function mutated(frame: Buffer, random: Random): Buffer {
  let data = frame;
  for (let left = 1 + randomInt(random, 2); left > 0; left--) {
    const at = randomInt(random, data.length + 1);
    const [head, tail] = [data.subarray(0, at), data.subarray(at)];
    switch (randomInt(random, 5)) {
      case 0:
        data = Buffer.concat([head, bytes(random, 1), tail.subarray(1)]);
        break;
      case 1:
        data = Buffer.concat([head, bytes(random, 1 + randomInt(random, 12)), tail]);
        break;
      case 2:
        data = Buffer.concat([head, tail.subarray(randomInt(random, 20))]);
        break;
      case 3:
        data = Buffer.concat([head, Buffer.alloc(randomInt(random, 12), 0xff), tail]);
        break;
      default:
        data = Buffer.concat([head, tail.subarray(0, 40), tail]);
    }
  }
  return data;
}

/** With the magic and the MD5 that belong to what is between them. */
function resealed(data: Buffer): Buffer {
  const protobuf = data.subarray(4, Math.max(4, data.length - 16));
  return Buffer.concat([MAGIC, protobuf, createHash('md5').update(protobuf).digest()]);
}

function bytes(random: Random, count: number): Buffer {
  return Buffer.from(random.hex(count), 'hex');
}

function memory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function ensure(holds: boolean, problem: string): void {
  if (!holds) {
    throw new Error(problem);
  }
}
