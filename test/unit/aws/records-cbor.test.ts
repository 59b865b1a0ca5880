import { cbor, tag } from '@smithy/core/cbor';
import * as fc from 'fast-check';
import { decodeRecordsCbor } from '../../../src/aws/records-cbor';
import { decodeRecords } from '../../../src/aws/records-json';
import { isConnectorError } from '../../../src/errors';
import { seededRandom } from '../../../src/util/random';
import {
  answers,
  CBOR_SPELLINGS,
  cborBody,
  damaged,
  jsonBody,
  readBySdk,
} from '../../support/records-bodies';

const of = (...bytes: readonly (number | string)[]): Buffer =>
  Buffer.concat(bytes.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))));
const text = (value: string): Buffer => Buffer.from(cbor.serialize(value));
const record = (name: string, value: Buffer): Buffer =>
  Buffer.concat([
    of(0xa1),
    text('Records'),
    of(0x81, 0xa2),
    text('SequenceNumber'),
    text('49'),
    text(name),
    value,
  ]);
const first = (body: Buffer) => decodeRecordsCbor(body).records[0];

/** What another decoder makes of it. */
function decodedElsewhere(body: Buffer) {
  const answer = cbor.deserialize(body);
  return {
    nextIterator: answer.NextShardIterator ?? undefined,
    records: (answer.Records ?? []).map((one: { readonly [name: string]: unknown }) => ({
      data: Buffer.from((one.Data as Uint8Array | null) ?? []),
      partitionKey: one.PartitionKey ?? '',
      sequenceNumber: one.SequenceNumber,
      encryptionType: one.EncryptionType === 'KMS' ? 'KMS' : 'NONE',
    })),
  };
}

describe('records in CBOR', () => {
  it.each(Object.entries(CBOR_SPELLINGS))(
    'as %s writes it are those that the AWS SDK reads of the same answer in JSON',
    async (_service, spelling) => {
      await fc.assert(
        fc.asyncProperty(answers, async (answer) => {
          expect(decodeRecordsCbor(cborBody(answer, spelling))).toEqual(await readBySdk(jsonBody(answer)));
        }),
        { numRuns: 60 },
      );
    },
  );

  it('are those of JSON when one is of 10 MiB', () => {
    const data = Buffer.alloc(10 * 1024 * 1024).fill(seededRandom(1).hex(997), 'hex');
    const rest = { sequenceNumber: '1', partitionKey: 'k', arrival: 1.7e12, encryptionType: 'KMS' } as const;
    const answer = { records: [{ data, ...rest }], next: 'n', behind: 0, children: [], style: 0 };
    const ours = decodeRecordsCbor(cborBody(answer)).records[0];
    const theirs = decodeRecords(jsonBody({ ...answer, style: 0 })).records[0];
    expect(Buffer.compare(ours?.data ?? Buffer.of(), theirs?.data ?? Buffer.of())).toBe(0);
    expect({ ...ours, data }).toEqual({ ...theirs, data });
  });

  it('are read right, or not at all, when bytes of the answer are damaged', () => {
    let read = 0;
    fc.assert(
      fc.property(answers, fc.nat(), (answer, seed) => {
        const body = damaged(cborBody(answer), seededRandom(seed));
        let ours: object;
        try {
          ours = decodeRecordsCbor(body);
        } catch (error) {
          expect(isConnectorError(error, 'AWS_UNKNOWN')).toBe(true);
          return;
        }
        read++;
        expect(ours).toMatchObject(decodedElsewhere(body));
      }),
      { numRuns: 300 },
    );
    expect(read).toBeGreaterThan(0);
  });

  it('are parts of the body, not copies', () => {
    const body = cborBody({
      records: [
        { data: Buffer.from('hi'), sequenceNumber: '1', partitionKey: '', arrival: 0, encryptionType: null },
      ],
      next: undefined,
      behind: undefined,
      children: undefined,
      style: 0,
    });
    expect(first(body)?.data.buffer).toBe(body.buffer);
  });

  it('may be written without lengths', () => {
    const pieces = Buffer.concat([of(0x5f, 0x42, 'ab', 0x41, 'c', 0xff)]);
    const members = [text('Data'), pieces, text('SequenceNumber'), of(0x7f, 0x61, '4', 0x61, '9', 0xff)];
    const body = Buffer.concat([of(0xbf), text('Records'), of(0x9f, 0xbf), ...members, of(0xff, 0xff, 0xff)]);
    expect(first(body)).toMatchObject({ data: Buffer.from('abc'), sequenceNumber: '49' });
  });

  it.each([
    [
      'a tagged integer of milliseconds',
      Buffer.from(cbor.serialize(tag({ tag: 1, value: 1_700_000_000_123 }))),
    ],
    ['an integer of milliseconds', Buffer.from(cbor.serialize(1_700_000_000_123))],
    ['a float of seconds', Buffer.from(cbor.serialize(1_700_000_000.123))],
    ['a float of milliseconds', of(0xfb, ...new Uint8Array(bigEndian(1_700_000_000_123)))],
  ])('may tell the time as %s', (_what, value) => {
    expect(first(record('ApproximateArrivalTimestamp', value))?.approximateArrival).toBe(1_700_000_000_123);
  });

  it.each([
    ['a time that is not a number', record('ApproximateArrivalTimestamp', of(0xf9, 0x7e, 0x00))],
    ['a time that is text', record('ApproximateArrivalTimestamp', text('1'))],
    ['a payload that is text and no base64', record('Data', text('h!!!'))],
    ['a payload that is a number', record('Data', of(1))],
    ['a key that is bytes', record('PartitionKey', of(0x41, 'k'))],
    ['a length beyond its end', record('Data', of(0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))],
    ['a count beyond its end', Buffer.concat([of(0xa1), text('Records'), of(0x9a, 0xff, 0xff, 0xff, 0xff)])],
    ['nothing in it', of()],
    ['more behind it', of(0xa0, 0xa0)],
    ['a depth without end', Buffer.concat([of(0xa1), text('Zz'), Buffer.alloc(1_000_000, 0x81)])],
    ['a record without a sequence number', Buffer.concat([of(0xa1), text('Records'), of(0x81, 0xa0)])],
  ])('are refused of an answer with %s', (_what, body) => {
    expect(() => decodeRecordsCbor(body)).toThrow(expect.objectContaining({ code: 'AWS_UNKNOWN' }));
  });
});

function bigEndian(value: number): ArrayBuffer {
  const bytes = new ArrayBuffer(8);
  new DataView(bytes).setFloat64(0, value);
  return bytes;
}
