import type { CallOptions, KinesisPutApi, PutEntry, PutResult, StreamRef } from '../../src/aws/kinesis-api';
import { WriteBudget, type WriteLimits } from '../../src/emulator/kinesis/write-limits';
import { ConnectorError } from '../../src/errors';
import { ShardMap } from '../../src/sink/shard-map';
import type { Shard } from '../../src/stream/shard';
import { type Clock, sleep } from '../../src/util/clock';
import { userRecords } from './user-records';

/** One PutRecords as it came. */
export interface PutRequest {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly entries: readonly PutEntry[];
}

export interface StoredRecord {
  readonly partitionKey: string;
  readonly text: string;
  readonly shardId: string;
  /** Monotonic milliseconds. */
  readonly at: number;
  /** Whether the KCL gives it to its users: not when a record of its frame lies outside the shard. */
  readonly delivered: boolean;
}

/**
 * What becomes of a request: an answer; an error instead of it; `lost`: it takes effect and is never answered;
 * `late`: it takes effect once its caller has given up; `silence`: nothing happens.
 */
export type RequestScript = 'answer' | 'lost' | 'late' | 'silence' | Error;

/** A Kinesis to write to, on the clock of the test, whose faults are chosen request by request. */
export class ScriptedPutApi implements KinesisPutApi {
  readonly requests: PutRequest[] = [];
  /** One a user record. */
  readonly stored: StoredRecord[] = [];
  /** Milliseconds from request to effect and answer. */
  latencyMs = 5;
  /** Open shards; a test that reshards replaces them. */
  shards: readonly Shard[];
  listings = 0;
  listingError: Error | undefined;
  status: 'CREATING' | 'DELETING' | 'ACTIVE' | 'UPDATING' = 'ACTIVE';
  maxRecordBytes = 1024 * 1024;
  limits: WriteLimits | undefined;
  refusedEntries = 0;
  inFlight = 0;
  mostInFlight = 0;
  onRequest: (request: PutRequest) => RequestScript = () => 'answer';
  /** Error code of an entry that is refused; undefined accepts it. */
  onEntry: (entry: PutEntry, shardId: string, at: number) => string | undefined = () => undefined;
  closed = false;
  readonly #clock: Clock;
  readonly #budgets = new Map<string, WriteBudget>();

  constructor(clock: Clock, shards: readonly Shard[]) {
    this.#clock = clock;
    this.shards = shards;
  }

  async describeStream(stream: StreamRef) {
    return {
      name: stream.name,
      arn: `arn:aws:kinesis:us-east-1:000000000000:stream/${stream.name}`,
      status: this.status,
      createdAt: 0,
      retentionHours: 24,
      openShardCount: this.shards.length,
      maxRecordBytes: this.maxRecordBytes,
      serviceTime: undefined,
    };
  }

  async listShards() {
    this.listings++;
    if (this.listingError !== undefined) {
      throw this.listingError;
    }
    return { shards: this.shards, nextToken: undefined };
  }

  async putRecords(
    _stream: StreamRef,
    entries: readonly PutEntry[],
    options: CallOptions = {},
  ): Promise<readonly PutResult[]> {
    const request = { at: this.#clock.monotonic(), entries };
    this.requests.push(request);
    this.inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    // A call that its caller gives up is over at once, though its promise is rejected a moment later.
    let left = 1;
    const over = (): void => {
      this.inFlight -= left;
      left = 0;
    };
    options.signal?.addEventListener('abort', over, { once: true });
    return this.#play(this.onRequest(request), entries, options.signal).finally(over);
  }

  close(): void {
    this.closed = true;
  }

  /** Texts stored, by partition key, each in the order of its first arrival. @param stored what a reader finds */
  firstArrivals(stored = this.stored): Map<string, string[]> {
    const arrivals = new Map<string, string[]>();
    const seen = new Set<string>();
    for (const { partitionKey, text } of stored) {
      if (!seen.has(text)) {
        seen.add(text);
        arrivals.set(partitionKey, [...(arrivals.get(partitionKey) ?? []), text]);
      }
    }
    return arrivals;
  }

  async #play(
    script: RequestScript,
    entries: readonly PutEntry[],
    signal: AbortSignal | undefined,
  ): Promise<readonly PutResult[]> {
    if (script === 'late') {
      signal?.addEventListener('abort', () => this.#store(entries), { once: true });
    } else {
      await sleep(this.#clock, this.latencyMs, signal);
    }
    if (script instanceof Error) {
      throw script;
    }
    const results = script === 'answer' || script === 'lost' ? this.#store(entries) : [];
    return script === 'answer' ? results : this.#silence(signal);
  }

  #silence(signal: AbortSignal | undefined): Promise<never> {
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  #store(entries: readonly PutEntry[]): PutResult[] {
    const map = new ShardMap(this.shards);
    const at = this.#clock.monotonic();
    return entries.map((entry) => {
      const shardId = map.shardIds[map.indexOf(entry)] as string;
      const refusal = this.onEntry(entry, shardId, at) ?? this.#overLimit(entry, shardId);
      if (refusal !== undefined) {
        this.refusedEntries++;
        return { accepted: false, errorCode: refusal, errorMessage: `refused by ${shardId}` };
      }
      const records = userRecords(entry);
      const delivered = records.every((record) => map.shardIds[map.indexOf(record)] === shardId);
      for (const { data, partitionKey } of records) {
        this.stored.push({ partitionKey, text: Buffer.from(data).toString(), shardId, at, delivered });
      }
      return { accepted: true, shardId, sequenceNumber: String(this.stored.length) };
    });
  }

  #overLimit(entry: PutEntry, shardId: string): string | undefined {
    if (this.limits === undefined) {
      return undefined;
    }
    const budget = this.#budgets.get(shardId) ?? new WriteBudget();
    this.#budgets.set(shardId, budget);
    const bytes = entry.data.byteLength + Buffer.byteLength(entry.partitionKey);
    return budget.take(this.limits, bytes, this.#clock.monotonic())
      ? undefined
      : 'ProvisionedThroughputExceededException';
  }
}

/** An error as src/aws makes it when a request is refused, or nobody answers. */
export const unavailable = (): ConnectorError => new ConnectorError('AWS_UNAVAILABLE', 'HTTP 503');
