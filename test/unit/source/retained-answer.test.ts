import type { RawRecord } from '../../../src/aws/kinesis-api';
import { KinesisRecord, type RecordTenure } from '../../../src/source/kinesis-record';
import { ReceiveBudget } from '../../../src/source/receive-budget';
import { RECORD_OVERHEAD, RetainedAnswer, type RetainedRecord } from '../../../src/source/retained-answer';

const tenure = {} as RecordTenure;

function answerOf(
  budget: ReceiveBudget,
  payloads: readonly Uint8Array[],
): { answer: RetainedAnswer; records: KinesisRecord[] } {
  const answer = new RetainedAnswer(budget, 0, 0);
  const records = payloads.map((data, i) => {
    const raw: RawRecord = {
      data,
      partitionKey: 'k',
      sequenceNumber: String(i),
      approximateArrival: 0,
      encryptionType: 'NONE',
    };
    return new KinesisRecord(tenure, answer, raw, i, undefined);
  });
  answer.retain(records);
  return { answer, records };
}

describe('retained answer', () => {
  it('views of one body count as the whole body while much of it is needed', () => {
    const budget = new ReceiveBudget(1e9);
    const body = new Uint8Array(10_000);
    const { records } = answerOf(
      budget,
      Array.from({ length: 10 }, (_, i) => body.subarray(i * 1000, (i + 1) * 1000)),
    );
    expect(budget.used).toBe(10_000 + 10 * RECORD_OVERHEAD);
    records.slice(0, 7).forEach((record) => {
      record.answer.release(record);
    });
    // The answer still knows all ten records, for it may have to copy what is left of them.
    expect(budget.used).toBe(10_000 + 10 * RECORD_OVERHEAD);
  });

  it('when little is left it is copied, byte for byte, and the body let go', () => {
    const budget = new ReceiveBudget(1e9);
    const body = Uint8Array.from({ length: 1000 }, (_, i) => i % 256);
    const { records } = answerOf(
      budget,
      Array.from({ length: 10 }, (_, i) => body.subarray(i * 100, (i + 1) * 100)),
    );
    records.slice(0, 8).forEach((record) => {
      record.answer.release(record);
    });
    expect(budget.used).toBe(200 + 2 * RECORD_OVERHEAD);
    for (const [i, record] of records.slice(8).entries()) {
      expect(record.value.buffer).not.toBe(body.buffer);
      expect(record.value.buffer.byteLength).toBe(100);
      expect(Buffer.from(record.value).equals(Buffer.from(body.subarray((8 + i) * 100, (9 + i) * 100)))).toBe(
        true,
      );
    }
  });

  it('payloads with buffers of their own are released one by one', () => {
    const budget = new ReceiveBudget(1e9);
    const { records } = answerOf(budget, [new Uint8Array(5000), new Uint8Array(7000)]);
    expect(budget.used).toBe(12_000 + 2 * RECORD_OVERHEAD);
    const first = records[0] as KinesisRecord;
    first.answer.release(first);
    expect(budget.used).toBe(7000 + RECORD_OVERHEAD);
  });

  it('a record that is released keeps no payload alive, whoever still knows the record', () => {
    const budget = new ReceiveBudget(1e9);
    const { records } = answerOf(budget, [new Uint8Array(5000)]);
    const [last] = records;
    last?.answer.release(last);
    expect([budget.used, last?.value.buffer.byteLength]).toEqual([0, 0]);
  });

  it('nothing stays counted once every record is released, empty payloads included', () => {
    const budget = new ReceiveBudget(1e9);
    const body = new Uint8Array(100);
    const { records } = answerOf(budget, [
      body.subarray(0, 0),
      body.subarray(0, 10),
      body.subarray(10, 10),
      body.subarray(10, 60),
    ]);
    for (const record of records) {
      record.answer.release(record);
    }
    expect(budget.used).toBe(0);
  });
});

describe('an answer that is unpacked slice by slice', () => {
  const SLICE = 100;

  /** A frame of 100,000 bytes, of which each slice shows the next bit. */
  function open(budget: ReceiveBudget) {
    const body = new Uint8Array(100_000);
    const answer = new RetainedAnswer(budget, 0, 0);
    answer.open([{ data: body }]);
    let at = 0;
    const next = (count = SLICE): RetainedRecord[] => {
      const records = Array.from({ length: count }, () => ({ value: body.subarray(at, ++at) }));
      answer.retain(records);
      return records;
    };
    return { answer, next, body };
  }

  it('counts the frame once, however many views of it there are', () => {
    const budget = new ReceiveBudget(1e9);
    const { next } = open(budget);
    next();
    expect(budget.used).toBe(100_000 + SLICE * RECORD_OVERHEAD);
    next();
    expect(budget.used).toBe(100_000 + 2 * SLICE * RECORD_OVERHEAD);
  });

  it('keeps frame and room of one slice until its end, and forgets the records confirmed meanwhile', () => {
    const budget = new ReceiveBudget(1e9);
    const { answer, next } = open(budget);
    for (let slice = 0; slice < 50; slice++) {
      for (const record of next()) {
        answer.release(record);
      }
      expect(budget.used).toBe(100_000 + SLICE * RECORD_OVERHEAD);
    }
    answer.close();
    expect(budget.used).toBe(0);
  });

  it('at its end keeps only a copy of what is still needed', () => {
    const budget = new ReceiveBudget(1e9);
    const { answer, next, body } = open(budget);
    body.fill(7, 0, SLICE);
    const [kept, ...others] = next();
    for (const record of others) {
      answer.release(record);
    }
    answer.close();
    expect(budget.used).toBe(1 + RECORD_OVERHEAD);
    expect(kept?.value.buffer.byteLength).toBe(1);
    expect([...(kept?.value ?? [])]).toEqual([7]);
    answer.release(kept as RetainedRecord);
    expect(budget.used).toBe(0);
  });

  it('keeps its frame while much of it is needed', () => {
    const budget = new ReceiveBudget(1e9);
    const body = new Uint8Array(1000);
    const answer = new RetainedAnswer(budget, 0, 0);
    answer.open([{ data: body.subarray(0, 500) }, { data: body.subarray(500) }]);
    const records = [{ value: body.subarray(0, 600) }, { value: body.subarray(600, 700) }];
    answer.retain(records.slice(0, 1));
    answer.retain(records.slice(1));
    answer.close();
    expect(budget.used).toBe(1000 + 2 * RECORD_OVERHEAD);
    for (const record of records) {
      answer.release(record);
    }
    expect(budget.used).toBe(0);
  });
});
