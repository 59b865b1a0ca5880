import { type Closable, ConnectorServices, type MetricDependencies } from '../aws/connector-services';
import type { DynamoApi } from '../aws/dynamo-api';
import { createDynamoApi } from '../aws/dynamo-client';
import type { KinesisApi } from '../aws/kinesis-api';
import { createKinesisApi } from '../aws/kinesis-client';
import type { AwsSettings, KinesisSourceConfig } from '../config';
import type { SourceContext } from '../io';
import type { Clock } from '../util/clock';

/** Where the source gets its services from; the real ones when absent. */
export interface SourceDependencies extends MetricDependencies {
  kinesis?(settings: AwsSettings, clock: Clock): KinesisApi & Closable;
  dynamo?(settings: AwsSettings, clock: Clock): DynamoApi & Closable;
}

/** The services of one open source. */
export class SourceServices extends ConnectorServices {
  readonly kinesis: KinesisApi;
  readonly dynamo: DynamoApi;

  constructor(config: KinesisSourceConfig, context: SourceContext, dependencies: SourceDependencies) {
    super();
    const { aws } = config;
    const { clock } = context;
    this.kinesis = this.own(dependencies.kinesis?.(aws, clock) ?? createKinesisApi(aws, { clock }));
    this.dynamo = this.own(dependencies.dynamo?.(aws, clock) ?? createDynamoApi(aws, { clock }));
    this.publish(config, context, dependencies);
  }
}
