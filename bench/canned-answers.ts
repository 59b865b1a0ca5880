import { cbor, tag } from '@smithy/core/cbor';
import { randomInt, seededRandom } from '../src/util/random';

/** Digits of a sequence number: a fixed start as AWS's have it, then the ordinal of the answer, then of the record. */
const PREFIX = '4966'.padEnd(38, '1');
const ANSWER_DIGITS = 12;
const RECORD_DIGITS = 6;
const ARRIVAL_MS = 1_700_000_000_100;

export type Language = 'cbor' | 'json';

/** Ready-made bodies of GetRecords: only the digits that must differ are written for each answer. */
export class CannedAnswers {
  static readonly firstSequenceNumber = PREFIX.padEnd(PREFIX.length + ANSWER_DIGITS + RECORD_DIGITS, '0');

  readonly #language: Language;
  readonly #recordBytes: number;
  readonly #recordsPerAnswer: number;
  readonly #recordsPerShard: number;
  /** Records as they stand in the body, by their number. */
  readonly #templates = new Map<number, Template>();

  constructor(
    language: Language,
    recordBytes: number,
    recordsPerAnswer: number,
    recordsPerShard = Number.POSITIVE_INFINITY,
  ) {
    this.#language = language;
    this.#recordBytes = recordBytes;
    this.#recordsPerAnswer = recordsPerAnswer;
    this.#recordsPerShard = recordsPerShard;
  }

  /** @param iterator `<shard id>:<ordinal of the answer>:<records before it>`. */
  answer(iterator: string, limit: number): Buffer {
    const { head, records, tail } = WRITERS[this.#language];
    const [shardId = '', ordinal = '0', before = '0'] = iterator.split(':');
    const left = this.#recordsPerShard - Number(before);
    if (left <= 0) {
      return Buffer.concat([
        head(0),
        tail({ NextShardIterator: iterator, MillisBehindLatest: 0, ChildShards: [] }),
      ]);
    }
    const count = Math.min(limit, this.#recordsPerAnswer, left);
    let template = this.#templates.get(count);
    if (template === undefined) {
      template = buildTemplate(head(count), records(this.#recordBytes, count));
      this.#templates.set(count, template);
    }
    const end = tail({
      NextShardIterator: `${shardId}:${Number(ordinal) + 1}:${Number(before) + count}`,
      MillisBehindLatest: 3_600_000,
      ChildShards: [],
    });
    const body = Buffer.concat([template.records, end]);
    const digits = Buffer.from(ordinal.padStart(ANSWER_DIGITS, '0'));
    for (const offset of template.ordinals) {
      digits.copy(body, offset);
    }
    return body;
  }
}

interface Writer {
  /** What stands before so many records. */
  head(count: number): Buffer;
  records(recordBytes: number, count: number): readonly Buffer[];
  /** What stands behind them. */
  tail(members: { readonly [name: string]: unknown }): Buffer;
}

const WRITERS: { readonly [language in Language]: Writer } = {
  json: {
    head: () => Buffer.from('{"Records":['),
    records: (recordBytes, count) =>
      range(count).map((index) => {
        const record = JSON.stringify({
          SequenceNumber: sequenceNumber(index),
          ApproximateArrivalTimestamp: ARRIVAL_MS / 1000,
          Data: payload(recordBytes, index).toString('base64'),
          PartitionKey: `key-${index % 1000}`,
          EncryptionType: 'NONE',
        });
        return Buffer.from(index === 0 ? record : `,${record}`);
      }),
    tail: (members) => Buffer.from(`],${JSON.stringify(members).slice(1)}`),
  },
  cbor: {
    // A map of four members, the first of them a list.
    head: (count) => {
      const list = Buffer.from([0x9a, 0, 0, 0, 0]);
      list.writeUInt32BE(count, 1);
      return Buffer.concat([Buffer.of(0xa4), cbor.serialize('Records'), list]);
    },
    records: (recordBytes, count) =>
      range(count).map((index) =>
        Buffer.from(
          cbor.serialize({
            SequenceNumber: sequenceNumber(index),
            ApproximateArrivalTimestamp: tag({ tag: 1, value: ARRIVAL_MS }),
            Data: payload(recordBytes, index),
            PartitionKey: `key-${index % 1000}`,
            EncryptionType: 'NONE',
          }),
        ),
      ),
    tail: (members) => Buffer.from(cbor.serialize(members)).subarray(1),
  },
};

/** Where the ordinal of the answer is to be written. */
const ORDINAL = '#'.repeat(ANSWER_DIGITS);
const sequenceNumber = (index: number): string =>
  `${PREFIX}${ORDINAL}${String(index).padStart(RECORD_DIGITS, '0')}`;

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

interface Template {
  readonly records: Buffer;
  /** Where the digits of the answer's ordinal stand. */
  readonly ordinals: readonly number[];
}

function buildTemplate(head: Buffer, records: readonly Buffer[]): Template {
  const ordinals: number[] = [];
  let length = head.length;
  for (const record of records) {
    ordinals.push(length + record.indexOf(PREFIX + ORDINAL) + PREFIX.length);
    length += record.length;
  }
  return { records: Buffer.concat([head, ...records]), ordinals };
}

/** Bytes of every value, not all alike, and the same in every run. */
function payload(bytes: number, seed: number): Buffer {
  const random = seededRandom(seed);
  return Buffer.alloc(bytes).map(() => randomInt(random, 256)) as Buffer;
}
