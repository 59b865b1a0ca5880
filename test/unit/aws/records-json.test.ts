import * as fc from 'fast-check';
import { decodeRecords } from '../../../src/aws/records-json';
import { isConnectorError } from '../../../src/errors';
import { seededRandom } from '../../../src/util/random';
import { answers, damaged, jsonBody, readBySdk } from '../../support/records-bodies';

const RECORD = { SequenceNumber: '49', Data: 'aGk=', PartitionKey: 'k', ApproximateArrivalTimestamp: 1.7e9 };
const body = (...records: readonly unknown[]): Buffer => Buffer.from(JSON.stringify({ Records: records }));
const base64 = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64');

/** What JSON.parse and Buffer.from make of it; what they let pass is the business of other tests. */
function parsed(json: Buffer) {
  const answer = JSON.parse(json.toString());
  return {
    nextIterator: answer.NextShardIterator ?? undefined,
    millisBehindLatest: answer.MillisBehindLatest ?? undefined,
    records: (answer.Records ?? []).map((record: typeof RECORD & { readonly EncryptionType?: string }) => ({
      data: Buffer.from(record.Data ?? '', 'base64'),
      partitionKey: record.PartitionKey ?? '',
      sequenceNumber: record.SequenceNumber,
      approximateArrival: Math.round((record.ApproximateArrivalTimestamp ?? 0) * 1000),
      encryptionType: record.EncryptionType === 'KMS' ? 'KMS' : 'NONE',
    })),
  };
}

describe('records in JSON', () => {
  it('are those that the AWS SDK reads, however they are written', async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const json = jsonBody(answer);
        expect(decodeRecords(json)).toEqual(await readBySdk(json));
      }),
      { numRuns: 100 },
    );
  });

  it('are those that the AWS SDK reads when one is of 10 MiB', async () => {
    const random = seededRandom(1);
    const data = Buffer.alloc(10 * 1024 * 1024).fill(random.hex(997), 'hex');
    const json = body({ ...RECORD, Data: data.toString('base64') }, RECORD);
    const [large, small] = decodeRecords(json).records;
    const theirs = (await readBySdk(json)).records;
    expect(Buffer.compare(large?.data ?? Buffer.of(), theirs[0]?.data ?? Buffer.of())).toBe(0);
    expect(large?.data.byteLength).toBe(data.length);
    expect(small).toEqual(theirs[1]);
  });

  it('are read right, or not at all, when bytes of the answer are damaged', () => {
    let read = 0;
    fc.assert(
      fc.property(answers, fc.nat(), (answer, seed) => {
        const json = damaged(jsonBody(answer), seededRandom(seed));
        let ours: object;
        try {
          ours = decodeRecords(json);
        } catch (error) {
          expect(isConnectorError(error, 'AWS_UNKNOWN')).toBe(true);
          return;
        }
        read++;
        expect(ours).toMatchObject(parsed(json));
      }),
      { numRuns: 300 },
    );
    expect(read).toBeGreaterThan(0);
  });

  it.each([
    ['without its padding', '"aGk"'],
    ['with padding inside', '"aG==aGk="'],
    ['of one character', '"a==="'],
    ['with a character that is none of base64', '"aG!="'],
    ['that is long, with such a character', `"${base64(600).replace('H', '*')}"`],
    ['that is long, with white space in it', `"${base64(600).slice(0, -4)}\\n   "`],
    ['that is a number', '0'],
    ['that is a list', '[]'],
  ])('are refused with a payload %s', (_what, data) => {
    const json = Buffer.from(`{"Records":[{"SequenceNumber":"1","Data":${data}}]}`);
    expect(() => decodeRecords(json)).toThrow(expect.objectContaining({ code: 'AWS_UNKNOWN' }));
  });

  it('are refused when a number stands for a payload and a long payload where there is no record', () => {
    const stray = { ...RECORD, Data: 0, Stray: [{ Data: base64(600) }, { Data: base64(600) }] };
    expect(() => decodeRecords(body(stray))).toThrow(expect.objectContaining({ code: 'AWS_UNKNOWN' }));
  });

  it.each([
    ['a record without a sequence number', '{"Records":[{"Data":"aGk="}]}'],
    ['a record that is null', '{"Records":[null]}'],
    ['a time beyond numbers', '{"Records":[{"SequenceNumber":"1","ApproximateArrivalTimestamp":1e999}]}'],
    ['a key that is no text', '{"Records":[{"SequenceNumber":"1","PartitionKey":1}]}'],
    ['an iterator that is no text', '{"NextShardIterator":{}}'],
    ['a list', '[]'],
    ['nothing', ''],
    ['more behind it', '{} {}'],
  ])('are refused of an answer with %s', (_what, json) => {
    expect(() => decodeRecords(Buffer.from(json))).toThrow(expect.objectContaining({ code: 'AWS_UNKNOWN' }));
  });

  it('come with the continuation of an event', () => {
    const event = { Records: [RECORD], ContinuationSequenceNumber: '50', MillisBehindLatest: 3 };
    expect(decodeRecords(Buffer.from(JSON.stringify(event)))).toMatchObject({
      continuation: '50',
      nextIterator: undefined,
      millisBehindLatest: 3,
      childShards: [],
    });
  });

  it('keep alive one buffer of the size of their payloads', () => {
    const sizes = [3, 0, 700, 40, 5_000];
    const { records } = decodeRecords(body(...sizes.map((size) => ({ ...RECORD, Data: base64(size) }))));
    const buffers = new Set(records.filter(({ data }) => data.length > 0).map(({ data }) => data.buffer));
    expect([...buffers].map(({ byteLength }) => byteLength)).toEqual([
      sizes.reduce((sum, size) => sum + size),
    ]);
  });
});
