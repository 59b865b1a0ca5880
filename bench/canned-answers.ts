import { randomInt, seededRandom } from '../src/util/random';

/** Digits of a sequence number: a fixed start as AWS's have it, then the ordinal of the answer, then of the record. */
const PREFIX = '4966'.padEnd(38, '1');
const ANSWER_DIGITS = 12;
const RECORD_DIGITS = 6;

/** Ready-made bodies of GetRecords: only the digits that must differ are written for each answer. */
export class CannedAnswers {
  static readonly firstSequenceNumber = PREFIX.padEnd(PREFIX.length + ANSWER_DIGITS + RECORD_DIGITS, '0');

  readonly #recordBytes: number;
  readonly #recordsPerAnswer: number;
  readonly #recordsPerShard: number;
  /** Records as they stand in the body, by their number. */
  readonly #templates = new Map<number, Template>();

  constructor(recordBytes: number, recordsPerAnswer: number, recordsPerShard = Number.POSITIVE_INFINITY) {
    this.#recordBytes = recordBytes;
    this.#recordsPerAnswer = recordsPerAnswer;
    this.#recordsPerShard = recordsPerShard;
  }

  /** @param iterator `<shard id>:<ordinal of the answer>:<records before it>`. */
  answer(iterator: string, limit: number): Buffer {
    const [shardId = '', ordinal = '0', before = '0'] = iterator.split(':');
    const left = this.#recordsPerShard - Number(before);
    if (left <= 0) {
      return Buffer.from(
        JSON.stringify({ Records: [], NextShardIterator: iterator, MillisBehindLatest: 0, ChildShards: [] }),
      );
    }
    const count = Math.min(limit, this.#recordsPerAnswer, left);
    let template = this.#templates.get(count);
    if (template === undefined) {
      template = buildTemplate(this.#recordBytes, count);
      this.#templates.set(count, template);
    }
    const tail = `],"NextShardIterator":"${shardId}:${Number(ordinal) + 1}:${Number(before) + count}","MillisBehindLatest":3600000,"ChildShards":[]}`;
    const body = Buffer.allocUnsafe(template.records.length + tail.length);
    template.records.copy(body);
    body.write(tail, template.records.length, 'latin1');
    const digits = Buffer.from(ordinal.padStart(ANSWER_DIGITS, '0'));
    for (const offset of template.ordinals) {
      digits.copy(body, offset);
    }
    return body;
  }
}

interface Template {
  readonly records: Buffer;
  /** Where the digits of the answer's ordinal stand. */
  readonly ordinals: readonly number[];
}

function buildTemplate(recordBytes: number, count: number): Template {
  const ordinals: number[] = [];
  const parts: string[] = ['{"Records":['];
  let length = parts[0]?.length ?? 0;
  for (let index = 0; index < count; index++) {
    const head = `${index === 0 ? '' : ','}{"SequenceNumber":"${PREFIX}`;
    const number = String(index).padStart(RECORD_DIGITS, '0');
    const data = payload(recordBytes, index).toString('base64');
    const rest = `${number}","ApproximateArrivalTimestamp":1.7000000001E9,"Data":"${data}","PartitionKey":"key-${index % 1000}","EncryptionType":"NONE"}`;
    ordinals.push(length + head.length);
    parts.push(head, '0'.repeat(ANSWER_DIGITS), rest);
    length += head.length + ANSWER_DIGITS + rest.length;
  }
  return { records: Buffer.from(parts.join(''), 'latin1'), ordinals };
}

/** Bytes of every value, not all alike, and the same in every run. */
function payload(bytes: number, seed: number): Buffer {
  const random = seededRandom(seed);
  return Buffer.alloc(bytes).map(() => randomInt(random, 256)) as Buffer;
}
