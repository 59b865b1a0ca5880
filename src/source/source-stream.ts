import type { FanOutApi } from '../aws/fan-out-api';
import type { KinesisApi, StreamDescription, StreamRef } from '../aws/kinesis-api';
import type { LeasedStream } from '../lease/leased-stream';
import type { Logger } from '../util/logger';

/** The clients of one region and account. */
export interface StreamClients {
  readonly kinesis: KinesisApi;
  /** Made when it is first asked for. */
  fanOut(): FanOutApi;
}

export interface SourceStreamOptions {
  readonly ref: StreamRef;
  readonly label: string;
  readonly clients: StreamClients;
  /** Whether it is one of several. */
  readonly several: boolean;
  /** Of the source. */
  readonly logger: Logger;
}

/** One stream of a source: how calls reach it, and how people know it. */
export class SourceStream implements LeasedStream {
  readonly ref: StreamRef;
  readonly label: string;
  readonly logger: Logger;
  readonly found: boolean = false;
  protected readonly clients: StreamClients;
  readonly #several: boolean;

  constructor({ ref, label, clients, several, logger }: SourceStreamOptions) {
    this.ref = ref;
    this.label = label;
    this.logger = several ? logger.child({ stream: label }) : logger;
    this.clients = clients;
    this.#several = several;
  }

  /** Client of its region and its account. */
  get kinesis(): KinesisApi {
    return this.clients.kinesis;
  }

  /** The same for consumers. */
  get fanOut(): FanOutApi {
    return this.clients.fanOut();
  }

  nameOf(shardId: string): string {
    return this.#several ? `${this.label}/${shardId}` : shardId;
  }

  isGone(): boolean {
    return false;
  }

  /**
   * Looks whether the stream is still there; true where it has to be.
   * @throws ConnectorError of the call
   */
  async isThere(_signal?: AbortSignal): Promise<boolean> {
    return true;
  }
}

/** Whether shards of the stream can be read. */
export function isReadable({ status }: StreamDescription): boolean {
  return status === 'ACTIVE' || status === 'UPDATING';
}
