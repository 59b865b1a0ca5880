import type { CatalogApi, StreamTag } from '../aws/catalog-api';
import { createCatalogApi } from '../aws/catalog-client';
import type { StreamConsumer } from '../aws/fan-out-api';
import type { KinesisApi, StreamRef, StreamDescription as StreamSummary } from '../aws/kinesis-api';
import { createKinesisApi } from '../aws/kinesis-client';
import { listAllShards } from '../aws/list-shards';
import type { AwsSettings } from '../config';
import { isConnectorError, messageOf } from '../errors';
import { looksLikeArn, parseStreamArn } from '../stream/stream-arn';
import { sleep } from '../util/clock';
import { type ExploredShard, exploredShards } from './explored-shard';
import { type PatienceOptions, patiently } from './patience';
import { Peek, type PeekQuery } from './peek';

export interface StreamExplorerOptions extends PatienceOptions {
  readonly aws: AwsSettings;
}

/** A stream of a listing. */
export interface StreamListing {
  readonly name: string;
  readonly arn?: string;
  /** Milliseconds since the epoch. */
  readonly createdAt?: number;
}

export interface StreamDescription extends StreamSummary {
  readonly shards: { readonly open: number; readonly closed: number };
  /** Undefined where we may not know, see `withheld`. */
  readonly consumers: readonly StreamConsumer[] | undefined;
  readonly tags: readonly StreamTag[] | undefined;
  /** Why something is not known, for people. */
  readonly withheld: readonly string[];
}

/** Milliseconds between two pages of a listing that allows five calls a second to the whole account. */
const PAGE_MS = 400;

/** Looks at streams, and changes nothing. Its calls are few, and those into one shard paced: see ReadPace. */
export class StreamExplorer {
  readonly #options: StreamExplorerOptions;
  readonly #kinesis: KinesisApi & { close(): void };
  readonly #catalog: CatalogApi & { close(): void };

  constructor(options: StreamExplorerOptions) {
    const { aws, clock, logger } = options;
    this.#options = options;
    this.#kinesis = createKinesisApi(aws, { clock, logger });
    this.#catalog = createCatalogApi(aws, { clock });
  }

  /** The streams of the region and account, by name. @throws ConnectorError; the signal's reason */
  async *streams(signal: AbortSignal): AsyncGenerator<StreamListing, void> {
    let after: string | undefined;
    for (;;) {
      const query = after === undefined ? {} : { after };
      const page = await this.#ask(signal, () => this.#kinesis.listStreams(query, { signal }));
      for (const { name, createdAt } of page.streams) {
        yield { name, ...(createdAt !== undefined && { createdAt }) };
      }
      after = page.streams.at(-1)?.name;
      if (!page.more) {
        return;
      }
      await sleep(this.#options.clock, PAGE_MS, signal);
    }
  }

  /** What one call tells. @param stream name or ARN @throws ConnectorError; the signal's reason */
  summary(stream: StreamRef | string, signal: AbortSignal): Promise<StreamSummary> {
    const ref = streamRef(stream);
    return this.#ask(signal, () => this.#kinesis.describeStream(ref, { signal }));
  }

  /** All there is to know. @param stream name or ARN @throws ConnectorError; the signal's reason */
  async describe(stream: StreamRef | string, signal: AbortSignal): Promise<StreamDescription> {
    const ref = streamRef(stream);
    const summary = await this.summary(ref, signal);
    const shards = await this.shards(ref, signal);
    const open = shards.filter((shard) => shard.open).length;
    const withheld: string[] = [];
    const ifAllowed = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await work();
      } catch (error) {
        if (!isConnectorError(error, 'AWS_ACCESS_DENIED', 'AWS_REQUEST_REFUSED')) {
          throw error;
        }
        withheld.push(`${what}: ${messageOf(error)}`);
        return undefined;
      }
    };
    const consumers = await ifAllowed('consumers', () => this.consumers(summary.arn, signal));
    const tags = await ifAllowed('tags', () =>
      this.#ask(signal, () => this.#catalog.listTags(ref, { signal })),
    );
    return { ...summary, shards: { open, closed: shards.length - open }, consumers, tags, withheld };
  }

  /** Every shard that is listed, parents first. @throws ConnectorError; the signal's reason */
  shards(stream: StreamRef | string, signal: AbortSignal): Promise<ExploredShard[]> {
    const ref = streamRef(stream);
    return this.#ask(signal, async () => exploredShards(await listAllShards(this.#kinesis, ref, signal)));
  }

  /** The registered consumers of a stream. @throws ConnectorError; the signal's reason */
  async consumers(streamArn: string, signal: AbortSignal): Promise<StreamConsumer[]> {
    const consumers: StreamConsumer[] = [];
    for (let nextToken: string | undefined; ; ) {
      const query = nextToken === undefined ? {} : { nextToken };
      const page = await this.#ask(signal, () => this.#catalog.listConsumers(streamArn, query, { signal }));
      consumers.push(...page.consumers);
      nextToken = page.nextToken;
      if (nextToken === undefined) {
        return consumers;
      }
      await sleep(this.#options.clock, PAGE_MS, signal);
    }
  }

  /** Records of a stream; nothing is asked before the first is wanted. @param signal ends it, with what it has */
  peek(query: PeekQuery, signal: AbortSignal): Peek {
    const { aws } = this.#options;
    const deps = { ...this.#options, kinesis: this.#kinesis, requestTimeout: aws.requestTimeout };
    return new Peek(query, streamRef(query.stream), deps, signal);
  }

  close(): void {
    this.#kinesis.close();
    this.#catalog.close();
  }

  #ask<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return patiently(this.#options, signal, work);
  }
}

/** @throws ConnectorError STREAM_ARN_INVALID */
function streamRef(stream: StreamRef | string): StreamRef {
  if (typeof stream !== 'string') {
    return stream;
  }
  return looksLikeArn(stream) ? { name: parseStreamArn(stream).name, arn: stream } : { name: stream };
}
