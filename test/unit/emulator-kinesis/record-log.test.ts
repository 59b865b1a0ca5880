import fc from 'fast-check';
import {
  decodedLength,
  RecordLog,
  recordSize,
  type StoredRecord,
} from '../../../src/emulator/kinesis/record-log';

const record = (number: number, bytes: number): StoredRecord => ({
  SequenceNumber: String(1000 + number),
  ApproximateArrivalTimestamp: Math.floor(number / 3),
  Data: Buffer.alloc(bytes).toString('base64'),
  PartitionKey: 'k',
});

const records = fc
  .array(fc.nat(40), { maxLength: 60 })
  .map((sizes) => sizes.map((bytes, index) => record(index, bytes)));

function logOf(list: readonly StoredRecord[]): RecordLog {
  const log = new RecordLog();
  for (const one of list) {
    log.append(one);
  }
  return log;
}

describe('record log', () => {
  test('the length of what base64 stands for is known without decoding it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(decodedLength(Buffer.from(bytes).toString('base64'))).toBe(bytes.length);
      }),
      { numRuns: 200 },
    );
  });

  test('an answer is the longest run within both limits, and never empty while something is there', () => {
    fc.assert(
      fc.property(
        records,
        fc.nat(60),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(200),
        (list, from, most, bytes) => {
          const place = Math.min(from, list.length);
          const read = logOf(list).read(place, most, bytes);
          const sizes = (count: number) =>
            list.slice(place, place + count).reduce((sum, one) => sum + recordSize(one), 0);
          expect(read).toEqual(list.slice(place, place + read.length));
          expect(read.length).toBeLessThanOrEqual(most);
          expect(read.length <= 1 || sizes(read.length) <= bytes).toBe(true);
          const couldTakeMore = place + read.length < list.length && read.length < most;
          expect(couldTakeMore && (read.length === 0 || sizes(read.length + 1) <= bytes)).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('places are found as a search from the front finds them, before and after trimming', () => {
    fc.assert(
      fc.property(records, fc.nat(25), fc.nat(70), fc.boolean(), (list, trimmedAt, number, exclusive) => {
        const log = logOf(list);
        log.trim(trimmedAt);
        const kept = list.filter((one) => one.ApproximateArrivalTimestamp >= trimmedAt);
        expect(log.length).toBe(kept.length);
        const sequence = String(1000 + number);
        const behind = (one: StoredRecord) =>
          exclusive ? one.SequenceNumber > sequence : one.SequenceNumber >= sequence;
        expect(log.at(log.placeOf(sequence, exclusive))).toEqual(kept.find(behind));
        expect(log.at(log.placeAt(number / 3))).toEqual(
          kept.find((one) => one.ApproximateArrivalTimestamp >= number / 3),
        );
      }),
      { numRuns: 300 },
    );
  });
});
