import { hashKeyOf } from '../src/stream/hash-key';

const KEY = Buffer.from('"PartitionKey":"');
const QUOTE = 0x22;
const SEQUENCE_DIGITS = 56;

/** Answers of PutRecords that accept every entry, in the shard that its partition key belongs to. */
export class CannedPuts {
  readonly #shards: number;
  /** Results by partition key. */
  readonly #results = new Map<string, string>();

  constructor(shards: number) {
    this.#shards = shards;
  }

  /** @param body partition keys without escapes, no explicit hash keys. */
  answer(body: Buffer): Buffer {
    const results: string[] = [];
    for (let at = body.indexOf(KEY); at >= 0; at = body.indexOf(KEY, at)) {
      const start = at + KEY.length;
      at = body.indexOf(QUOTE, start);
      results.push(this.#resultOf(body.toString('latin1', start, at)));
    }
    return Buffer.from(`{"FailedRecordCount":0,"Records":[${results.join(',')}]}`, 'latin1');
  }

  #resultOf(key: string): string {
    let result = this.#results.get(key);
    if (result === undefined) {
      const shard = (hashKeyOf(key) * BigInt(this.#shards)) >> 128n;
      result = `{"SequenceNumber":"${'49'.padEnd(SEQUENCE_DIGITS, '1')}","ShardId":"shardId-${String(shard).padStart(12, '0')}"}`;
      this.#results.set(key, result);
    }
    return result;
  }
}
