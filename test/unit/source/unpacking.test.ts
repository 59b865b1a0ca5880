import type { RawRecord } from '../../../src/aws/kinesis-api';
import { KinesisRecord, type RecordTenure } from '../../../src/source/kinesis-record';
import { ReceiveBudget } from '../../../src/source/receive-budget';
import { RetainedAnswer } from '../../../src/source/retained-answer';
import { type Slice, Unpacking, type UnpackingOptions } from '../../../src/source/unpacking';
import { HashKeyWindow } from '../../../src/stream/hash-key-window';
import { frameOf, frameOfKey, subRecord, wire } from '../../support/kpl-frame';

const LOWER = new HashKeyWindow({ startingHashKey: '0', endingHashKey: String((1n << 127n) - 1n) });

const raw = (sequenceNumber: number, data: Uint8Array | string): RawRecord => ({
  data: Buffer.from(data as string),
  partitionKey: 'carrier',
  sequenceNumber: String(sequenceNumber),
  approximateArrival: 1000,
  encryptionType: 'KMS',
});

/** A frame of sub-records with explicit hash keys: true ones lie in `LOWER`. */
const mixed = (...inside: readonly boolean[]): Buffer =>
  frameOf(
    wire.bytes(1, 'k'),
    wire.bytes(2, '0'),
    wire.bytes(2, String(1n << 127n)),
    ...inside.map((lies, i) => subRecord(0, String(i), lies ? 0 : 1)),
  );

function slicesOf(raws: RawRecord[], skipped = 0, options: Partial<UnpackingOptions> = {}): Slice[] {
  const answer = new RetainedAnswer(new ReceiveBudget(1), 0, 0);
  const unpacking = new Unpacking(raws, skipped, {
    window: undefined,
    misplaced: 'keep',
    firstOrdinal: 0,
    make: (from, ordinal, part) => new KinesisRecord({} as RecordTenure, answer, from, ordinal, part),
    ...options,
  });
  const slices: Slice[] = [];
  do {
    slices.push(unpacking.next());
  } while (slices.at(-1)?.isLast === false);
  return slices;
}

const places = (slices: readonly Slice[]): string[] =>
  slices.flatMap(({ records }) => records.map((one) => `${one.sequenceNumber}.${one.subSequenceNumber}`));

const texts = (slices: readonly Slice[]): string[] =>
  slices.flatMap(({ records }) => records.map(({ value }) => Buffer.from(value).toString()));

describe('unpacking', () => {
  it('gives frames and other records in their order, each sub-record its place', () => {
    const slices = slicesOf([raw(1, 'a'), raw(2, frameOfKey('k', ['b', 'c'])), raw(3, 'd')]);
    expect(slices).toHaveLength(1);
    expect(places(slices)).toEqual(['1.0', '2.0', '2.1', '3.0']);
    expect(texts(slices)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives a sub-record keys of its own, and time and encryption of its frame', () => {
    const frame = frameOf(wire.bytes(1, 'k'), wire.bytes(2, '77'), subRecord(0, 'x', 0), subRecord(0, 'y'));
    const [slice] = slicesOf([raw(1, frame), raw(2, 'z')]);
    const facts = slice?.records.map((one) => [
      one.partitionKey,
      one.explicitHashKey,
      one.aggregated,
      one.eventTime,
      one.encryptionType,
    ]);
    expect(facts).toEqual([
      ['k', '77', true, 1000, 'KMS'],
      ['k', undefined, true, 1000, 'KMS'],
      ['carrier', undefined, false, 1000, 'KMS'],
    ]);
  });

  it('an empty answer is one empty slice', () => {
    expect(slicesOf([])).toEqual([
      { records: [], passed: undefined, misplaced: 0, damaged: 0, nextOrdinal: 0, isLast: true },
    ]);
  });

  it('leaves out what was gone through of the first frame, and nothing of the others', () => {
    const frame = frameOfKey('k', ['a', 'b', 'c']);
    expect(places(slicesOf([raw(1, frame), raw(2, frame)], 2))).toEqual(['1.2', '2.0', '2.1', '2.2']);
    expect(places(slicesOf([raw(1, frame), raw(2, 'x')], 3))).toEqual(['2.0']);
    expect(places(slicesOf([raw(1, frame)], 99))).toEqual([]);
  });

  it('leaves out a damaged frame that was gone through: it is one record', () => {
    const damaged = frameOfKey('k', ['a']);
    damaged[6] = 0;
    expect(places(slicesOf([raw(1, damaged), raw(2, 'x')], 1))).toEqual(['2.0']);
  });

  it('delivers a damaged frame as it is, and counts it', () => {
    const damaged = frameOfKey('k', ['a', 'b']);
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    const [slice] = slicesOf([raw(1, damaged)]);
    expect(slice?.damaged).toBe(1);
    expect(slice?.records.map(({ value, aggregated }) => [Buffer.from(value), aggregated])).toEqual([
      [damaged, false],
    ]);
  });

  it('delivers a sub-record that names no key under that of its frame, and loses none behind it', () => {
    const frame = frameOf(wire.bytes(1, 'k'), subRecord(0, 'a'), subRecord(9, 'b'), subRecord(0, 'c'));
    const [slice] = slicesOf([raw(1, frame)]);
    expect(slice?.damaged).toBe(1);
    expect(slice?.records.map(({ partitionKey }) => partitionKey)).toEqual(['k', 'carrier', 'k']);
    expect(places(slice === undefined ? [] : [slice])).toEqual(['1.0', '1.1', '1.2']);
  });

  it('counts sub-records outside the shard, and keeps them', () => {
    const [slice] = slicesOf([raw(1, mixed(true, false, true, false))], 0, { window: LOWER });
    expect(slice?.misplaced).toBe(2);
    expect(texts(slice === undefined ? [] : [slice])).toEqual(['0', '1', '2', '3']);
  });

  it('drops each of them alone when told to, and leaves the others their places', () => {
    const options = { window: LOWER, misplaced: 'drop' } as const;
    const [slice] = slicesOf([raw(1, mixed(false, true, false, true))], 0, options);
    expect(slice).toMatchObject({ misplaced: 2, passed: undefined });
    expect(places(slice === undefined ? [] : [slice])).toEqual(['1.1', '1.3']);
  });

  it('says how far it came when nothing to deliver stands there', () => {
    const options = { window: LOWER, misplaced: 'drop' } as const;
    const passed = (...raws: RawRecord[]) => slicesOf(raws, 0, options)[0]?.passed;
    expect(passed(raw(1, mixed(true, false)))).toEqual({ sequenceNumber: '1', subSequenceNumber: 1 });
    expect(passed(raw(1, mixed(false)), raw(2, 'x'))).toBeUndefined();
    expect(passed(raw(1, 'x'), raw(2, frameOf(wire.bytes(1, 'k'))))).toEqual({
      sequenceNumber: '2',
      subSequenceNumber: 0,
    });
  });

  it('drops nothing when the hash keys of the shard are not known', () => {
    expect(texts(slicesOf([raw(1, mixed(false, false))], 0, { misplaced: 'drop' }))).toEqual(['0', '1']);
  });

  it('makes no more records at a time than a slice has, whatever a frame holds', () => {
    const payloads = Array.from({ length: 2000 }, (_, i) => String(i));
    const slices = slicesOf([raw(1, frameOfKey('k', payloads)), raw(2, frameOfKey('k', ['x', 'y']))]);
    expect(slices.map(({ records }) => records.length)).toEqual([512, 512, 512, 466]);
    expect(texts(slices)).toEqual([...payloads, 'x', 'y']);
  });

  it('goes through no more of them at a time when all are dropped', () => {
    const frame = mixed(...Array<boolean>(1500).fill(false));
    const slices = slicesOf([raw(1, frame)], 0, { window: LOWER, misplaced: 'drop' });
    expect(slices.map(({ misplaced }) => misplaced)).toEqual([512, 512, 476]);
    expect(slices.map(({ passed }) => passed?.subSequenceNumber)).toEqual([511, 1023, 1499]);
  });
});
