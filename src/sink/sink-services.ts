import { type Closable, ConnectorServices, type MetricDependencies } from '../aws/connector-services';
import type { KinesisPutApi } from '../aws/kinesis-api';
import { createKinesisPutApi } from '../aws/kinesis-put-client';
import type { AwsSettings, KinesisSinkConfig } from '../config';
import type { SinkContext } from '../io';
import type { Clock } from '../util/clock';

/** Where the sink gets its services from; the real ones when absent. */
export interface SinkDependencies extends MetricDependencies {
  kinesis?(settings: AwsSettings, clock: Clock): KinesisPutApi & Closable;
}

/** The services of one open sink. */
export class SinkServices extends ConnectorServices {
  readonly kinesis: KinesisPutApi;

  constructor(config: KinesisSinkConfig, context: SinkContext, dependencies: SinkDependencies) {
    super();
    const { aws } = config;
    const { clock, logger } = context;
    this.kinesis = this.own(
      dependencies.kinesis?.(aws, clock) ?? createKinesisPutApi(aws, { clock, logger }),
    );
    this.publish(config, context, dependencies);
  }
}
