import { NOTHING } from './answer-handler';
import { decodeBase64 } from './base64';
import { CborReader } from './cbor-reader';
import { type DecodedRecords, decoded, withRecords } from './decoded-records';
import type { RawRecord } from './kinesis-api';
import { KnownTexts } from './known-texts';
import { present } from './stream-calls';

const OF_RECORDS = new KnownTexts(
  'SequenceNumber',
  'ApproximateArrivalTimestamp',
  'Data',
  'PartitionKey',
  'EncryptionType',
  'NONE',
  'KMS',
);

/**
 * Answer of GetRecords, or event of SubscribeToShard, in CBOR. Payloads are parts of `body`, which a record keeps alive.
 * Services that write JSON's base64 into CBOR are understood.
 * @throws ConnectorError AWS_UNKNOWN: `body` is neither.
 */
export function decodeRecordsCbor(body: Buffer): DecodedRecords {
  return decoded(() => {
    const reader = new CborReader(body);
    const members: { [name: string]: unknown } = {};
    let records: RawRecord[] = [];
    for (let left = reader.map(); reader.continues(left); left--) {
      const name = reader.text();
      if (name !== 'Records') {
        members[name] = reader.value();
      } else {
        records = reader.takesNull() ? [] : readRecords(reader);
      }
    }
    reader.end();
    return withRecords(members, records);
  });
}

function readRecords(reader: CborReader): RawRecord[] {
  const records: RawRecord[] = [];
  for (let left = reader.list(); reader.continues(left); left--) {
    records.push(readRecord(reader));
  }
  return records;
}

function readRecord(reader: CborReader): RawRecord {
  let data: Buffer = NOTHING;
  let partitionKey = '';
  let sequenceNumber: string | undefined;
  let approximateArrival = 0;
  let encryptionType: RawRecord['encryptionType'] = 'NONE';
  for (let left = reader.map(); reader.continues(left); left--) {
    switch (reader.text(OF_RECORDS)) {
      case 'Data':
        data = reader.takesNull() ? NOTHING : payloadOf(reader.bytesOrText());
        break;
      case 'PartitionKey':
        partitionKey = reader.takesNull() ? '' : reader.text();
        break;
      case 'SequenceNumber':
        sequenceNumber = reader.takesNull() ? undefined : reader.text();
        break;
      case 'ApproximateArrivalTimestamp':
        approximateArrival = reader.takesNull() ? 0 : reader.instant();
        break;
      case 'EncryptionType':
        encryptionType = !reader.takesNull() && reader.text(OF_RECORDS) === 'KMS' ? 'KMS' : 'NONE';
        break;
      default:
        reader.value();
    }
  }
  sequenceNumber = present(sequenceNumber, 'SequenceNumber');
  return { data, partitionKey, sequenceNumber, approximateArrival, encryptionType };
}

const payloadOf = (value: Buffer | string): Buffer =>
  typeof value === 'string' ? decodeBase64(value) : value;
