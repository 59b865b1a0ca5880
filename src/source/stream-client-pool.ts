import type { Closable } from '../aws/connector-services';
import type { FanOutApi } from '../aws/fan-out-api';
import { createFanOutApi } from '../aws/fan-out-client';
import type { KinesisApi } from '../aws/kinesis-api';
import { createKinesisApi } from '../aws/kinesis-client';
import type { AwsSettings, KinesisSourceConfig } from '../config';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { StreamClients } from './source-stream';
import { type StreamPlace, settingsOf } from './stream-place';

/** Where clients come from; the real ones when absent. */
export interface StreamClientDependencies {
  kinesis?(settings: AwsSettings, clock: Clock): KinesisApi & Closable;
  fanOut?(settings: AwsSettings, clock: Clock): FanOutApi & Closable;
}

export interface StreamClientPoolOptions {
  readonly config: Pick<KinesisSourceConfig, 'aws' | 'streamRoles' | 'getRecordsProtocol'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dependencies?: StreamClientDependencies;
  /** Told of every client made; whoever is told closes it. */
  own<T extends Closable>(client: T): T;
}

/** The clients of one source: one set for the streams of a region, as far as they are reached by the same credentials. */
export class StreamClientPool {
  readonly #options: StreamClientPoolOptions;
  readonly #clients = new Map<string, StreamClients>();

  constructor(options: StreamClientPoolOptions) {
    this.#options = options;
  }

  /** Clients for the streams of a place; the same for all of them. */
  clientsOf(place: StreamPlace): StreamClients {
    const { aws, streamRoles } = this.#options.config;
    const settings = settingsOf(aws, streamRoles, place);
    const { region, credentials } = settings;
    const key = credentials === aws.credentials ? `${region}` : `${region} ${place.account}`;
    const clients = this.#clients.get(key) ?? this.#make(settings);
    this.#clients.set(key, clients);
    return clients;
  }

  #make(settings: AwsSettings): StreamClients {
    const { config, clock, logger, dependencies, own } = this.#options;
    const { getRecordsProtocol } = config;
    let consumers: FanOutApi | undefined;
    return {
      kinesis: own(
        dependencies?.kinesis?.(settings, clock) ??
          createKinesisApi(settings, { clock, logger, getRecordsProtocol }),
      ),
      fanOut: () => {
        consumers ??= own(
          dependencies?.fanOut?.(settings, clock) ?? createFanOutApi(settings, { clock, logger }),
        );
        return consumers;
      },
    };
  }
}
