import { Base64Slab, base64Length, base64LengthIn } from './base64';
import {
  type DecodedRecords,
  decoded,
  listOf,
  type Members,
  membersOf,
  numberOf,
  textOf,
  withRecords,
} from './decoded-records';
import type { RawRecord } from './kinesis-api';
import { present } from './stream-calls';

export type { DecodedRecords } from './decoded-records';

/** Payloads as services write them; another spelling costs time and nothing else. */
const PAYLOAD = Buffer.from('"Data":"');
const QUOTE = 0x22;
/** Characters of a payload from which on it costs less to take it out than to have it parsed. */
const LONG = 512;

/**
 * Answer of GetRecords, or event of SubscribeToShard. All payloads lie in one buffer of just their size: that is what a
 * record keeps alive.
 *
 * Long payloads are taken out before JSON.parse, and a number left in the place of each: with them it would spend most of
 * its time on strings that are nothing but base64. Where that does not work out, everything is parsed as it came.
 * @throws ConnectorError AWS_UNKNOWN: `json` is neither.
 */
export function decodeRecords(json: Buffer): DecodedRecords {
  return decoded(() => {
    try {
      const places: Place[] = [];
      return withPayloads(withoutLongPayloads(json, places), json, places);
    } catch {
      return withPayloads(json.toString(), json, []);
    }
  });
}

/** Where the base64 of a payload begins and ends in the body. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/** The body with numbers for its long payloads. @param places gets that of each, at the index that is its number */
function withoutLongPayloads(json: Buffer, places: Place[]): string {
  let text = '';
  let copied = 0;
  for (let found = json.indexOf(PAYLOAD); found >= 0; ) {
    const start = found + PAYLOAD.length;
    const end = json.indexOf(QUOTE, start);
    if (end - start >= LONG) {
      text += json.toString('utf8', copied, start - 1) + places.length;
      places.push({ start, end });
      copied = end + 1;
    }
    found = json.indexOf(PAYLOAD, Math.max(start, end));
  }
  return text + json.toString('utf8', copied);
}

/** @param places what the numbers stand for that are payloads in `text`, in their order */
function withPayloads(text: string, json: Buffer, places: readonly Place[]): DecodedRecords {
  const answer = membersOf(JSON.parse(text)) ?? {};
  const records = (listOf(answer.Records) ?? []).map((record) => present(membersOf(record), 'record'));
  let taken = 0;
  let size = 0;
  for (const { Data: data } of records) {
    const place = data === taken ? places[taken++] : undefined;
    size +=
      place === undefined ? base64Length(textOf(data) ?? '') : base64LengthIn(json, place.start, place.end);
  }
  if (taken !== places.length) {
    throw new SyntaxError('a payload stood where there is no record');
  }
  const slab = new Base64Slab(size);
  const payloadOf = (data: unknown): string => {
    const place = typeof data === 'number' ? places[data] : undefined;
    return place === undefined ? (textOf(data) ?? '') : json.toString('latin1', place.start, place.end);
  };
  return withRecords(
    answer,
    records.map((record) => recordOf(record, slab.decode(payloadOf(record.Data)))),
  );
}

function recordOf(record: Members, data: Uint8Array): RawRecord {
  return {
    data,
    partitionKey: textOf(record.PartitionKey) ?? '',
    sequenceNumber: present(textOf(record.SequenceNumber), 'SequenceNumber'),
    approximateArrival: Math.round((numberOf(record.ApproximateArrivalTimestamp) ?? 0) * 1000),
    encryptionType: record.EncryptionType === 'KMS' ? 'KMS' : 'NONE',
  };
}
