import fc from 'fast-check';
import { openAggregate } from '../../../src/stream/aggregate-reader';
import { AggregateWriter, type UserRecord } from '../../../src/stream/aggregate-writer';
import vectors from '../../fixtures/kpl/vectors.json';

/** What is used of npm `aws-kinesis-agg`, AWS's own library. Its types need packages that it does not bring. */
interface Partner {
  deaggregateSync(
    record: { readonly data: string; readonly sequenceNumber: string; readonly partitionKey: string },
    checked: boolean,
    done: (error: Error | undefined, records: readonly PartnerRecord[]) => void,
  ): void;
  readonly RecordAggregator: new () => {
    addUserRecord(record: UserRecord): void;
    build(): { readonly data: Buffer };
  };
}

interface PartnerRecord {
  readonly partitionKey: string;
  readonly explicitPartitionKey?: string;
  readonly subSequenceNumber?: number;
  readonly data: string;
}

const { deaggregateSync, RecordAggregator } = jest.requireActual<Partner>('aws-kinesis-agg');

function readByPartner(data: Uint8Array): readonly PartnerRecord[] {
  let found: readonly PartnerRecord[] = [];
  const record = { data: Buffer.from(data).toString('base64'), sequenceNumber: '1', partitionKey: 'a' };
  deaggregateSync(record, true, (error, records) => {
    if (error) {
      throw error;
    }
    found = records.map(({ partitionKey, explicitPartitionKey, subSequenceNumber, data }) => ({
      partitionKey,
      ...(explicitPartitionKey !== undefined && { explicitPartitionKey }),
      ...(subSequenceNumber !== undefined && { subSequenceNumber }),
      data,
    }));
  });
  return found;
}

function readByUs(data: Uint8Array): readonly PartnerRecord[] {
  const frame = openAggregate(data);
  const records: PartnerRecord[] = [];
  while (frame?.next()) {
    const { partitionKey = '', explicitHashKey, subSequenceNumber } = frame;
    records.push({
      partitionKey,
      ...(explicitHashKey !== undefined && { explicitPartitionKey: explicitHashKey }),
      subSequenceNumber,
      data: Buffer.from(frame.data).toString('base64'),
    });
  }
  return records;
}

function writtenByPartner(records: readonly UserRecord[]): Uint8Array {
  const aggregator = new RecordAggregator();
  for (const record of records) {
    aggregator.addUserRecord(record);
  }
  return aggregator.build().data;
}

function writtenByUs(records: readonly UserRecord[]): Uint8Array {
  const writer = new AggregateWriter(Number.MAX_SAFE_INTEGER);
  for (const record of records) {
    writer.add(record);
  }
  return writer.finish().data;
}

// The partner keeps its tables in objects, which mix up keys that look like array indexes; and it gives the first explicit
// hash key to records that have none.
const records: fc.Arbitrary<UserRecord[]> = fc.boolean().chain((explicit) =>
  fc.array(
    fc
      .record({
        partitionKey: fc.stringMatching(/^k[a-zäß-]{0,20}$/),
        data: fc.uint8Array({ maxLength: 300 }),
        hashKey: fc.bigInt({ min: 1n << 64n, max: (1n << 128n) - 1n }).map(String),
      })
      .map(({ partitionKey, data, hashKey }) => ({
        partitionKey,
        data: Buffer.from(data),
        ...(explicit && { explicitHashKey: hashKey }),
      })),
    { minLength: 2, maxLength: 40 },
  ),
);

describe('beside aws-kinesis-agg', () => {
  it.each(vectors.frames.slice(0, 3))('both find the same in a frame $name', ({ data }) => {
    const frame = Buffer.from(data, 'base64');
    expect(readByUs(frame)).toEqual(readByPartner(frame));
  });

  it('both write the same bytes for the same records', () => {
    fc.assert(
      fc.property(records, (some) => {
        expect(Buffer.from(writtenByUs(some)).equals(Buffer.from(writtenByPartner(some)))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('each reads what the other writes', () => {
    fc.assert(
      fc.property(records, (some) => {
        const expected = some.map(({ partitionKey, data, explicitHashKey }, subSequenceNumber) => ({
          partitionKey,
          ...(explicitHashKey !== undefined && { explicitPartitionKey: explicitHashKey }),
          subSequenceNumber,
          data: Buffer.from(data).toString('base64'),
        }));
        expect(readByUs(writtenByPartner(some))).toEqual(expected);
        expect(readByPartner(writtenByUs(some))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
});
