/** What a shard takes a second. Source: Kinesis quotas. */
const RECORDS = 1000;
const BYTES = 1024 * 1024;
/** Milliseconds of the rate that may have been saved up. */
const BURST_MS = 250;

interface Bucket {
  records: number;
  bytes: number;
  at: number;
}

/** Whether one process writes to no shard faster than it was allowed. */
export class WriteRateAudit {
  readonly #recordsPerMs: number;
  readonly #bytesPerMs: number;
  #buckets = new Map<string, Bucket>();
  /** Since when each of these shards is known. */
  #since = new Map<string, number>();

  /** @param percent of the limits of a shard. */
  constructor(percent: number) {
    this.#recordsPerMs = (RECORDS * percent) / 100 / 1000;
    this.#bytesPerMs = (BYTES * percent) / 100 / 1000;
  }

  /** Shards that the process knows of; what goes to others is no fault of its own. */
  knows(shardIds: readonly string[], now: number): void {
    const before = this.#buckets;
    this.#since = new Map(shardIds.map((id) => [id, this.#since.get(id) ?? now]));
    this.#buckets = new Map(shardIds.map((id) => [id, before.get(id) ?? this.#full(now)]));
  }

  has(shardId: string): boolean {
    return this.#buckets.has(shardId);
  }

  /** Whether the process must have taken in by now that there is such a shard. */
  isSettled(shardId: string, now: number): boolean {
    return (this.#since.get(shardId) ?? Number.POSITIVE_INFINITY) < now;
  }

  /** An entry of `size` bytes leaves for that shard. @returns whether it was its time. */
  take(shardId: string, size: number, now: number): boolean {
    const bucket = this.#buckets.get(shardId);
    if (bucket === undefined) {
      return true;
    }
    const { records, bytes } = this.#full(now);
    bucket.records = Math.min(records, bucket.records + (now - bucket.at) * this.#recordsPerMs);
    bucket.bytes = Math.min(bytes, bucket.bytes + (now - bucket.at) * this.#bytesPerMs);
    bucket.at = now;
    const inTime = bucket.records > 1 - 1e-6 && bucket.bytes > Math.min(size, bytes) - 1e-3;
    bucket.records--;
    bucket.bytes -= size;
    return inTime;
  }

  #full(now: number): Bucket {
    return {
      records: Math.max(1, this.#recordsPerMs * BURST_MS),
      bytes: Math.max(1, this.#bytesPerMs * BURST_MS),
      at: now,
    };
  }
}
