import { ServiceError } from '../service-model';
import { Allowance } from './allowance';

/** Calls, and bytes of data and partition keys, that are answered within a second. */
export interface ReadLimits {
  /** Of a shard. */
  readonly getRecords: number;
  /** Of a shard, by GetRecords. */
  readonly getRecordsBytes: number;
  /** Of a shard. */
  readonly getShardIterator: number;
  /** Of a consumer and a shard. */
  readonly subscribeToShard: number;
  /** Of a consumer and a shard, by its subscription. */
  readonly subscriptionBytes: number;
  /** Of a stream. */
  readonly listShards: number;
  /** Of an account. */
  readonly describeStreamSummary: number;
  /** Of a stream. */
  readonly describeStreamConsumer: number;
}

/** Sources: Kinesis Developer Guide, Quotas and limits; Kinesis API, SubscribeToShard. */
export const SHARD_READ_LIMITS: ReadLimits = {
  getRecords: 5,
  getRecordsBytes: 2 * 1024 * 1024,
  getShardIterator: 5,
  subscribeToShard: 1,
  subscriptionBytes: 2 * 1024 * 1024,
  listShards: 1_000,
  describeStreamSummary: 20,
  describeStreamConsumer: 20,
};

/** What may still be read from one shard. */
export class ReadBudget {
  readonly iterators = new Allowance();
  readonly #calls = new Allowance();
  readonly #bytes = new Allowance();

  /** Takes one call of GetRecords; false when it is refused. */
  takeCall(limits: ReadLimits, now: number): boolean {
    return this.#bytes.left(limits.getRecordsBytes, now) > 0 && this.#calls.takeOne(limits.getRecords, now);
  }

  /**
   * Counts what a call that was taken is answered with. Source: Kinesis API, GetRecords: after 10 MiB, "subsequent
   * calls made within the next 5 seconds throw ProvisionedThroughputExceededException".
   */
  countBytes(limits: ReadLimits, bytes: number): void {
    this.#bytes.use(bytes, limits.getRecordsBytes);
  }
}

/** @throws ServiceError LimitExceededException when `perSecond` (undefined = any number of) calls were made of late. */
export function limitCalls(
  allowance: Allowance,
  perSecond: number | undefined,
  now: number,
  what: string,
): void {
  if (perSecond !== undefined && !allowance.takeOne(perSecond, now)) {
    throw new ServiceError('LimitExceededException', `Rate exceeded for ${what}.`);
  }
}
