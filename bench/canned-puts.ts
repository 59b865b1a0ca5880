import { hashKeyOf } from '../src/stream/hash-key';

const KEY = Buffer.from('"PartitionKey":"');
/** Right before the partition key, and the most it takes. */
const HASH_KEY = /"ExplicitHashKey":"(\d+)",$/;
const HASH_KEY_ROOM = 70;
const QUOTE = 0x22;
const SEQUENCE_DIGITS = 56;

/** Answers of PutRecords that accept every entry, in the shard that its key belongs to. */
export class CannedPuts {
  readonly #shards: number;
  /** Results by partition key. */
  readonly #results = new Map<string, string>();

  constructor(shards: number) {
    this.#shards = shards;
  }

  /** @param body partition keys without escapes, explicit hash keys before them. */
  answer(body: Buffer): Buffer {
    const results: string[] = [];
    for (let at = body.indexOf(KEY); at >= 0; at = body.indexOf(KEY, at)) {
      const start = at + KEY.length;
      const before = body.toString('latin1', Math.max(0, at - HASH_KEY_ROOM), at);
      const hashKey = HASH_KEY.exec(before)?.[1];
      at = body.indexOf(QUOTE, start);
      results.push(
        hashKey === undefined
          ? this.#resultOf(body.toString('latin1', start, at))
          : this.#at(BigInt(hashKey)),
      );
    }
    return Buffer.from(`{"FailedRecordCount":0,"Records":[${results.join(',')}]}`, 'latin1');
  }

  #resultOf(key: string): string {
    let result = this.#results.get(key);
    if (result === undefined) {
      result = this.#at(hashKeyOf(key));
      this.#results.set(key, result);
    }
    return result;
  }

  #at(hashKey: bigint): string {
    const shard = (hashKey * BigInt(this.#shards)) >> 128n;
    return `{"SequenceNumber":"${'49'.padEnd(SEQUENCE_DIGITS, '1')}","ShardId":"shardId-${String(shard).padStart(12, '0')}"}`;
  }
}
