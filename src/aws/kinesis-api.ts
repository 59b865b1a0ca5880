import type { IteratorPosition, ShardFilter } from '../stream/iterator-position';
import type { ChildShard, Shard } from '../stream/shard';

export type { IteratorPosition, ShardFilter } from '../stream/iterator-position';

/** A stream as calls name it. The ARN, where known, wins over the name. */
export interface StreamRef {
  readonly name: string;
  readonly arn?: string;
}

export interface StreamDescription {
  readonly name: string;
  readonly arn: string;
  readonly status: 'CREATING' | 'DELETING' | 'ACTIVE' | 'UPDATING';
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly retentionHours: number;
  readonly openShardCount: number;
  /** Bytes of data and partition key of one record, 1 to 10 MiB. */
  readonly maxRecordBytes: number;
  /** Who sees to its capacity; PROVISIONED where the service does not say, as all streams were once. */
  readonly mode?: 'PROVISIONED' | 'ON_DEMAND';
  /** Id, ARN or alias of the KMS key; absent without encryption. */
  readonly encryptionKey?: string;
  /** Date header of the answer, milliseconds since the epoch; undefined when the service sent none. */
  readonly serviceTime: number | undefined;
}

export interface ShardPage {
  readonly shards: readonly Shard[];
  readonly nextToken: string | undefined;
}

export interface ListedStream {
  readonly name: string;
  /** Milliseconds since the epoch; undefined when the service does not say. */
  readonly createdAt: number | undefined;
}

/** Streams of the region and account of a client. */
export interface StreamPage {
  /** In the order of their names. */
  readonly streams: readonly ListedStream[];
  /** Whether there are streams behind the last of these. */
  readonly more: boolean;
}

/** A record as Kinesis stores it, aggregated or not. */
export interface RawRecord {
  readonly data: Uint8Array;
  readonly partitionKey: string;
  readonly sequenceNumber: string;
  /** Milliseconds since the epoch. */
  readonly approximateArrival: number;
  readonly encryptionType: 'NONE' | 'KMS';
}

export interface RecordsAnswer {
  readonly records: readonly RawRecord[];
  /** Undefined at the end of a closed shard. */
  readonly nextIterator: string | undefined;
  readonly millisBehindLatest: number | undefined;
  /** Named at the end of a shard; empty otherwise. */
  readonly childShards: readonly ChildShard[];
  /** Date header, to the second below, milliseconds since the epoch; undefined when there was none. */
  readonly serviceTime?: number | undefined;
}

/** One record of a PutRecords call. */
export interface PutEntry {
  readonly data: Uint8Array;
  /** 1 to 256 characters. */
  readonly partitionKey: string;
  /** Decimal, 0 to 2^128 − 1. */
  readonly explicitHashKey?: string;
}

/** What became of one entry. Source: Kinesis API, PutRecordsResultEntry. */
export type PutResult =
  | { readonly accepted: true; readonly shardId: string; readonly sequenceNumber: string }
  | { readonly accepted: false; readonly errorCode: string; readonly errorMessage: string };

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface GetRecordsOptions extends CallOptions {
  /**
   * Called with the size of the answer (bytes of its body) before that body is read; the body is left in the
   * socket until it resolves. A rejection abandons the answer and is thrown by the call.
   */
  readonly admit?: (bytes: number) => Promise<void>;
}

/**
 * What we need of Kinesis. Every method throws ConnectorError (see src/aws/classify.ts) and makes one attempt
 * of its own: retries belong to the caller, who knows whether its lease still holds. A call that is not answered,
 * or whose answer stops coming, ends with AWS_TIMEOUT.
 */
export interface KinesisApi {
  describeStream(stream: StreamRef, options?: CallOptions): Promise<StreamDescription>;
  /** One page of at most 1,000 shards. `filter` goes only with the first page. */
  listShards(
    stream: StreamRef,
    query: { readonly filter?: ShardFilter; readonly nextToken?: string },
    options?: CallOptions,
  ): Promise<ShardPage>;
  /** One page of streams, from the first behind the name `after` on. */
  listStreams(query: { readonly after?: string }, options?: CallOptions): Promise<StreamPage>;
  getShardIterator(
    stream: StreamRef,
    shardId: string,
    position: IteratorPosition,
    options?: CallOptions,
  ): Promise<string>;
  /** @param limit 1 to 10,000 records. */
  getRecords(
    stream: StreamRef,
    query: { readonly iterator: string; readonly limit: number },
    options?: GetRecordsOptions,
  ): Promise<RecordsAnswer>;
}

/** What the sink needs of Kinesis; rules of KinesisApi. */
export interface KinesisPutApi extends Pick<KinesisApi, 'describeStream' | 'listShards'> {
  /**
   * Puts 1 to 500 entries, together at most 10 MiB of data and partition keys; the answer has one result an entry,
   * in their order. Whether entries may have been stored in spite of an error: `mayHaveTakenEffect` (classify.ts).
   */
  putRecords(
    stream: StreamRef,
    entries: readonly PutEntry[],
    options?: CallOptions,
  ): Promise<readonly PutResult[]>;
}
