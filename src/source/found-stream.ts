import type { KinesisApi, ShardPage, StreamDescription } from '../aws/kinesis-api';
import { isConnectorError } from '../errors';
import { SourceStream, type SourceStreamOptions } from './source-stream';

const NO_SHARDS: ShardPage = { shards: [], nextToken: undefined };

/**
 * A stream that a pattern has found, which may be deleted while it is read, and made anew as another one. Once it has
 * vanished it is shown as a stream without shards, as a listing would show shards that have all passed their retention:
 * what was read of it is delivered, and its rows are finished.
 */
export class FoundStream extends SourceStream {
  override readonly found = true;
  readonly #kinesis: KinesisApi;
  #description: StreamDescription;
  #gone = false;

  constructor(options: Omit<SourceStreamOptions, 'ref'>, description: StreamDescription) {
    const { name, arn } = description;
    super({ ...options, ref: { name, arn } });
    const inner = options.clients.kinesis;
    this.#description = description;
    this.#kinesis = {
      listStreams: (...args) => inner.listStreams(...args),
      getShardIterator: (...args) => inner.getShardIterator(...args),
      getRecords: (...args) => inner.getRecords(...args),
      describeStream: async (_stream, call) => {
        await this.isThere(call?.signal);
        return this.#description;
      },
      listShards: async (...args) => {
        try {
          return this.#gone ? NO_SHARDS : await inner.listShards(...args);
        } catch (error) {
          if (!isConnectorError(error, 'KINESIS_STREAM_NOT_FOUND')) {
            throw error;
          }
          this.#vanished();
          return NO_SHARDS;
        }
      },
    };
  }

  /** Milliseconds since the epoch. */
  get createdAt(): number {
    return this.#description.createdAt;
  }

  override get kinesis(): KinesisApi {
    return this.#kinesis;
  }

  override isGone(): boolean {
    return this.#gone;
  }

  override async isThere(signal?: AbortSignal): Promise<boolean> {
    if (!this.#gone) {
      const description = await this.#look(signal);
      const isSame = description?.createdAt === this.createdAt && description.status !== 'DELETING';
      if (isSame) {
        this.#description = description;
      } else {
        this.#vanished();
      }
    }
    return !this.#gone;
  }

  /** @returns undefined when there is no stream of that name */
  async #look(signal: AbortSignal | undefined): Promise<StreamDescription | undefined> {
    try {
      const { kinesis } = this.clients;
      return await kinesis.describeStream(this.ref, signal === undefined ? {} : { signal });
    } catch (error) {
      if (isConnectorError(error, 'KINESIS_STREAM_NOT_FOUND')) {
        return undefined;
      }
      throw error;
    }
  }

  #vanished(): void {
    if (!this.#gone) {
      this.#gone = true;
      this.logger.warn(
        { arn: this.ref.arn },
        'the stream was deleted: what was read of it is delivered, then its rows are finished and deleted',
      );
    }
  }
}
