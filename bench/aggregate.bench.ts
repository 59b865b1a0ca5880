import type { RawRecord } from '../src/aws/kinesis-api';
import { KinesisRecord, type RecordTenure } from '../src/source/kinesis-record';
import { ReceiveBudget } from '../src/source/receive-budget';
import { RetainedAnswer } from '../src/source/retained-answer';
import { Unpacking } from '../src/source/unpacking';
import { beginsLikeFrame } from '../src/stream/aggregate-format';
import { openAggregate } from '../src/stream/aggregate-reader';
import { AggregateWriter, type UserRecord } from '../src/stream/aggregate-writer';
import { HashKeyWindow } from '../src/stream/hash-key-window';
import type { Figure } from './result';

/** Bytes of a frame; the KPL's default is 51,200. */
const FRAME_BYTES = 51_200;
const SUB_RECORDS = 400_000;
const ORDINARY = 2_000_000;
const ROUNDS = 5;

const SHAPES = [
  { label: '100 B, 20 keys', payload: 100, keys: 20 },
  { label: '100 B, a key each', payload: 100, keys: Number.POSITIVE_INFINITY },
  { label: '1 KiB, 20 keys', payload: 1024, keys: 20 },
];

/** Half of the hash keys: what most sub-records have to be asked about. */
const HALF = new HashKeyWindow({ startingHashKey: '0', endingHashKey: String(1n << 127n) });

/** What a sub-record costs on its way in and out of a frame, and an ordinary record to be known as one. */
export async function run(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { label, payload, keys } of SHAPES) {
    const { frames, records } = framesOf(payload, keys);
    const count = records.length;
    const figure = (name: string, seconds: number): void => {
      figures.push({ name: `${label}: ${name}`, value: (seconds * 1e6) / count, unit: 'µs per sub-record' });
    };
    figure(
      'checked, nothing made of it',
      best(() => frames.forEach(openAggregate)),
    );
    figure(
      'made into records',
      best(() => unpack(frames, undefined)),
    );
    figure(
      'made into records, hash keys asked',
      best(() => unpack(frames, HALF)),
    );
    figure(
      'written',
      best(() => write(records)),
    );
  }
  const ordinary = Array.from({ length: 1000 }, () => rawOf(Buffer.alloc(200, '{')));
  const empty = best(() => look(ordinary, () => false));
  const looked = best(() => look(ordinary, ({ data }) => beginsLikeFrame(data)));
  figures.push({
    name: 'an ordinary record known as one',
    value: (Math.max(0, looked - empty) * 1e9) / ORDINARY,
    unit: 'ns per record',
  });
  return figures;
}

function framesOf(payload: number, keys: number): { frames: Uint8Array[]; records: UserRecord[] } {
  const records: UserRecord[] = [];
  const frames: Uint8Array[] = [];
  let writer = new AggregateWriter(FRAME_BYTES);
  for (let i = 0; i < SUB_RECORDS && i * payload < 64 * 1024 * 1024; i++) {
    const record = { partitionKey: `customer-${i % keys}`, data: Buffer.alloc(payload, i % 256) };
    records.push(record);
    if (!writer.add(record)) {
      frames.push(writer.finish().data);
      writer = new AggregateWriter(FRAME_BYTES);
      writer.add(record);
    }
  }
  frames.push(writer.finish().data);
  return { frames, records };
}

function unpack(frames: readonly Uint8Array[], window: HashKeyWindow | undefined): void {
  const tenure = {} as RecordTenure;
  const budget = new ReceiveBudget(1);
  for (const frame of frames) {
    const answer = new RetainedAnswer(budget, 0, 0);
    const unpacking = new Unpacking([rawOf(frame)], 0, {
      window,
      misplaced: 'keep',
      firstOrdinal: 0,
      make: (raw, ordinal, part) => new KinesisRecord(tenure, answer, raw, ordinal, part),
    });
    while (!unpacking.next().isLast) {}
  }
}

function write(records: readonly UserRecord[]): void {
  let writer = new AggregateWriter(FRAME_BYTES);
  for (const record of records) {
    if (!writer.add(record)) {
      writer.finish();
      writer = new AggregateWriter(FRAME_BYTES);
      writer.add(record);
    }
  }
}

function look(records: readonly RawRecord[], at: (record: RawRecord) => boolean): void {
  let found = 0;
  for (let round = 0; round < ORDINARY / records.length; round++) {
    for (const record of records) {
      found += at(record) ? 1 : 0;
    }
  }
  if (found > 0) {
    throw new Error('an ordinary record looks like a frame');
  }
}

function rawOf(data: Uint8Array): RawRecord {
  return { data, partitionKey: 'a', sequenceNumber: '1', approximateArrival: 0, encryptionType: 'NONE' };
}

/** Seconds of the fastest round. */
function best(work: () => void): number {
  let seconds = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    work();
    seconds = Math.min(seconds, (performance.now() - startedAt) / 1000);
  }
  return seconds;
}
