import type { StreamConsumer } from './fan-out-api';
import type { CallOptions, StreamRef } from './kinesis-api';

/** One page of the registered consumers of a stream. */
export interface ConsumerPage {
  readonly consumers: readonly StreamConsumer[];
  readonly nextToken: string | undefined;
}

export interface StreamTag {
  readonly key: string;
  readonly value: string;
}

/** What only people want to know of Kinesis; rules of KinesisApi. */
export interface CatalogApi {
  listConsumers(
    streamArn: string,
    query: { readonly nextToken?: string },
    options?: CallOptions,
  ): Promise<ConsumerPage>;
  /** All of them: fifty at most. Source: Kinesis API, AddTagsToStream. */
  listTags(stream: StreamRef, options?: CallOptions): Promise<readonly StreamTag[]>;
}
