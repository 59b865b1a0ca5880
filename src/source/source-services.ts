import { type Closable, ConnectorServices, type MetricDependencies } from '../aws/connector-services';
import type { DynamoApi } from '../aws/dynamo-api';
import { createDynamoApi } from '../aws/dynamo-client';
import type { AwsSettings, KinesisSourceConfig } from '../config';
import type { SourceContext } from '../io';
import type { Clock } from '../util/clock';
import { type StreamClientDependencies, StreamClientPool } from './stream-client-pool';

/** Where the source gets its services from; the real ones when absent. */
export interface SourceDependencies extends MetricDependencies, StreamClientDependencies {
  dynamo?(settings: AwsSettings, clock: Clock): DynamoApi & Closable;
  /** Milliseconds that its streams keep records at least; 24 hours, as AWS has it, when absent. */
  readonly leastRetention?: number;
}

/** The services of one open source. */
export class SourceServices extends ConnectorServices {
  readonly dynamo: DynamoApi;
  readonly streamClients: StreamClientPool;

  constructor(config: KinesisSourceConfig, context: SourceContext, dependencies: SourceDependencies) {
    super();
    const { aws } = config;
    const { clock, logger } = context;
    this.dynamo = this.own(dependencies.dynamo?.(aws, clock) ?? createDynamoApi(aws, { clock, logger }));
    this.streamClients = new StreamClientPool({
      config,
      clock,
      logger,
      dependencies,
      own: (client) => this.own(client),
    });
    this.publish(config, context, dependencies);
  }
}
