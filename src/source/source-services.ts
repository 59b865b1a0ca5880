import { type Closable, ConnectorServices, type MetricDependencies } from '../aws/connector-services';
import type { DynamoApi } from '../aws/dynamo-api';
import { createDynamoApi } from '../aws/dynamo-client';
import type { FanOutApi } from '../aws/fan-out-api';
import { createFanOutApi } from '../aws/fan-out-client';
import type { KinesisApi } from '../aws/kinesis-api';
import { createKinesisApi } from '../aws/kinesis-client';
import type { AwsSettings, KinesisSourceConfig } from '../config';
import type { SourceContext } from '../io';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { StreamClients } from './source-stream';
import { type StreamPlace, settingsOf } from './stream-place';

/** Where the source gets its services from; the real ones when absent. */
export interface SourceDependencies extends MetricDependencies {
  kinesis?(settings: AwsSettings, clock: Clock): KinesisApi & Closable;
  dynamo?(settings: AwsSettings, clock: Clock): DynamoApi & Closable;
  fanOut?(settings: AwsSettings, clock: Clock): FanOutApi & Closable;
  /** Milliseconds that its streams keep records at least; 24 hours, as AWS has it, when absent. */
  readonly leastRetention?: number;
}

/** The services of one open source. */
export class SourceServices extends ConnectorServices {
  readonly dynamo: DynamoApi;
  readonly #config: KinesisSourceConfig;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #dependencies: SourceDependencies;
  readonly #clients = new Map<string, StreamClients>();

  constructor(config: KinesisSourceConfig, context: SourceContext, dependencies: SourceDependencies) {
    super();
    const { aws } = config;
    const { clock, logger } = context;
    this.#config = config;
    this.#clock = clock;
    this.#logger = logger;
    this.#dependencies = dependencies;
    this.dynamo = this.own(dependencies.dynamo?.(aws, clock) ?? createDynamoApi(aws, { clock }));
    this.publish(config, context, dependencies);
  }

  /** Clients for the streams of a place; the same for all of them. */
  clientsOf(place: StreamPlace): StreamClients {
    const { aws, streamRoles } = this.#config;
    const settings = settingsOf(aws, streamRoles, place);
    const { region, credentials } = settings;
    const key = credentials === aws.credentials ? `${region}` : `${region} ${place.account}`;
    const clients = this.#clients.get(key) ?? this.#makeClients(settings);
    this.#clients.set(key, clients);
    return clients;
  }

  #makeClients(settings: AwsSettings): StreamClients {
    const { kinesis, fanOut } = this.#dependencies;
    const { getRecordsProtocol } = this.#config;
    const clock = this.#clock;
    let consumers: FanOutApi | undefined;
    return {
      kinesis: this.own(
        kinesis?.(settings, clock) ??
          createKinesisApi(settings, { clock, logger: this.#logger, getRecordsProtocol }),
      ),
      fanOut: () => {
        consumers ??= this.own(fanOut?.(settings, clock) ?? createFanOutApi(settings, { clock }));
        return consumers;
      },
    };
  }
}
