import type { Closable } from '../aws/connector-services';
import type { DynamoApi } from '../aws/dynamo-api';
import { createDynamoApi } from '../aws/dynamo-client';
import type { RetryPolicy } from '../aws/retry';
import type { AwsSettings, KinesisSourceConfig } from '../config';
import { ConnectorError } from '../errors';
import type { Lease } from '../lease/lease';
import { leaseKey } from '../lease/row-key';
import { openLeaseTable } from '../lease/table-opening';
import { SourceStreams } from '../source/source-streams';
import { StreamClientPool } from '../source/stream-client-pool';
import type { Logger } from '../util/logger';
import type { ShardOfRow } from './offsets-file';
import { descendantsOfUnfinished, type OffsetsChange, planChanges } from './offsets-plan';
import type { OffsetsRow } from './offsets-row';
import { type ResetPosition, StreamOffsets } from './stream-offsets';
import { TableOffsets } from './table-offsets';

export interface SourceOffsetsOptions {
  readonly config: KinesisSourceConfig;
  /** Of every call. */
  readonly retry: RetryPolicy;
  readonly logger: Logger;
}

/** The offsets of one source: its lease table and its streams. */
export class SourceOffsets {
  readonly table: TableOffsets;
  readonly #options: SourceOffsetsOptions;
  readonly #dynamo: DynamoApi;
  readonly #clients: StreamClientPool;
  readonly #closables: Closable[] = [];
  #streams: readonly StreamOffsets[] = [];

  constructor(options: SourceOffsetsOptions) {
    const { config, retry, logger } = options;
    const { clock } = retry;
    this.#options = options;
    this.#clients = new StreamClientPool({ config, clock, logger, own: (client) => this.#own(client) });
    this.#dynamo = this.#dynamoOf(config.aws);
    this.table = new TableOffsets({ dynamo: this.#dynamo, tableName: config.leaseTableName, retry });
  }

  /** @throws what cannot heal of a stream */
  async open(signal: AbortSignal): Promise<void> {
    const { config, retry, logger } = this.#options;
    const streams = new SourceStreams({
      selection: config.streams,
      interval: config.streamDiscoveryInterval,
      clientsOf: (place) => this.#clients.clientsOf(place),
      retry,
      logger,
    });
    const layout = config.streams.several ? 'SEVERAL_STREAMS' : 'ONE_STREAM';
    const present = await streams.begin(signal);
    this.#streams = await Promise.all(
      present.map((stream) => StreamOffsets.open({ stream, layout, retry }, signal)),
    );
  }

  /** Creates the lease table unless it is there. */
  openTable(signal: AbortSignal): Promise<void> {
    const { config, retry, logger } = this.#options;
    const { leaseTableName: tableName, leaseTable: settings } = config;
    return openLeaseTable({ dynamo: this.#dynamo, tableName, settings, retry, logger }, signal);
  }

  /** Another lease table, in another region or elsewhere where so said; only ever read. */
  otherTable(
    tableName: string,
    place: { readonly region?: string; readonly endpoint?: string },
  ): TableOffsets {
    const { config, retry } = this.#options;
    const { region = config.aws.region, endpoint } = place;
    const { dynamodb: _, ...elsewhere } = config.aws.endpoints;
    const endpoints =
      endpoint !== undefined
        ? { ...config.aws.endpoints, dynamodb: endpoint }
        : region === config.aws.region
          ? config.aws.endpoints
          : elsewhere;
    return new TableOffsets({
      dynamo: this.#dynamoOf({ ...config.aws, region, endpoints }),
      tableName,
      retry,
    });
  }

  /** Those of the source, or the one of that label. @throws ConnectorError OFFSETS_OTHER_STREAM */
  streams(label?: string): readonly StreamOffsets[] {
    const found = this.#streams.filter((stream) => label === undefined || stream.label === label);
    if (found.length === 0) {
      throw new ConnectorError('OFFSETS_OTHER_STREAM', 'the source reads no such stream', {
        expected: this.#streams.map((stream) => stream.label).join(', ') || 'a stream that is there',
        found: label ?? 'none',
      });
    }
    return found;
  }

  /** For calls about one shard. @throws ConnectorError OFFSETS_OTHER_STREAM when several streams could be meant */
  stream(label?: string): StreamOffsets {
    const found = this.streams(label);
    const [only, ...others] = found;
    if (only === undefined || others.length > 0) {
      throw new ConnectorError('OFFSETS_OTHER_STREAM', 'a shard id stands for a shard of each stream', {
        expected: '--stream with one of them',
        found: found.map((stream) => stream.label).join(', '),
      });
    }
    return only;
  }

  /** The rows among `rows` of streams that are read here. */
  own(rows: readonly Lease[]): Lease[] {
    return rows.filter((row) => this.#streams.some((stream) => stream.owns(row)));
  }

  /**
   * The rows among `rows`, those of another table, of streams that are read here.
   * @param label of the stream whose rows those are that name none; only needed where several are read
   * @throws ConnectorError OFFSETS_OTHER_STREAM
   */
  meant<R extends OffsetsRow>(rows: readonly R[], label?: string): R[] {
    const streamOf = this.#meaning(label);
    return rows.filter((row) => streamOf(row) !== undefined);
  }

  streamArnOf(change: OffsetsChange): string {
    const row = change.kind === 'delete' ? change.seen : change.row;
    return this.#streams.find((stream) => stream.owns(row))?.arn ?? '';
  }

  /** Every shard of the streams begins anew at `to`. */
  async planReset(
    rows: readonly Lease[],
    streams: readonly StreamOffsets[],
    to: ResetPosition,
    signal: AbortSignal,
  ): Promise<OffsetsChange[]> {
    const wanted = (await Promise.all(streams.map((stream) => stream.begin(to, signal)))).flat();
    return planChanges(rows, wanted, (row) => streams.some((stream) => stream.owns(row)));
  }

  /**
   * The rows become what `wanted` says of the streams read here; rows of other shards stay, unless they descend from one
   * that is now read again.
   * @param absent shards that are to have no row
   * @param label see `meant`
   * @throws ConnectorError OFFSETS_OTHER_STREAM: some of `wanted` belong to no stream of the source
   */
  planImport(
    rows: readonly Lease[],
    wanted: readonly OffsetsRow[],
    absent: readonly ShardOfRow[] = [],
    label?: string,
  ): OffsetsChange[] {
    const streamOf = this.#meaning(label);
    const foreign = wanted.find((row) => streamOf(row) === undefined);
    if (foreign !== undefined) {
      throw new ConnectorError(
        'OFFSETS_OTHER_STREAM',
        'these offsets are of a stream that is not read here',
        {
          expected: this.#streams.map(({ arn }) => arn).join(', '),
          found: `${foreign.streamArn ?? foreign.stream ?? 'rows that name no stream'} (${foreign.shardId})`,
        },
      );
    }
    const adopted = this.#streams.flatMap((stream) =>
      stream.adopt(wanted.filter((row) => streamOf(row) === stream)),
    );
    const behind = descendantsOfUnfinished(rows, adopted);
    const unwanted = new Set(absent.map(({ stream, shardId }) => leaseKey(stream, shardId)));
    return planChanges(rows, adopted, ({ key }) => behind.has(key) || unwanted.has(key));
  }

  close(): void {
    for (const client of this.#closables) {
      client.close();
    }
  }

  #meaning(label: string | undefined): (row: OffsetsRow) => StreamOffsets | undefined {
    const named = this.streams(label);
    return (row) =>
      this.#streams.find((stream) => stream.isMeantBy(row, named[0] === stream && named.length === 1));
  }

  #dynamoOf(aws: AwsSettings): DynamoApi {
    return this.#own(createDynamoApi(aws, { clock: this.#options.retry.clock }));
  }

  #own<T extends Closable>(client: T): T {
    this.#closables.push(client);
    return client;
  }
}
