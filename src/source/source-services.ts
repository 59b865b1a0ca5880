import { createMetricDataApi } from '../aws/cloudwatch-client';
import type { DynamoApi } from '../aws/dynamo-api';
import { createDynamoApi } from '../aws/dynamo-client';
import type { KinesisApi } from '../aws/kinesis-api';
import { createKinesisApi } from '../aws/kinesis-client';
import type { AwsSettings, KinesisSourceConfig } from '../config';
import type { SourceContext } from '../io';
import { type CloudWatchPublisher, startCloudWatchPublisher } from '../metrics/cloudwatch-publisher';
import type { MetricDataApi } from '../metrics/metric-data-api';
import type { Clock } from '../util/clock';

interface Closable {
  close(): void;
}

/** Where the source gets its services from; the real ones when absent. */
export interface SourceDependencies {
  kinesis?(settings: AwsSettings, clock: Clock): KinesisApi & Closable;
  dynamo?(settings: AwsSettings, clock: Clock): DynamoApi & Closable;
  createMetricData?(settings: AwsSettings, clock: Clock): MetricDataApi & Closable;
}

/** The services of one open source. */
export class SourceServices {
  readonly kinesis: KinesisApi;
  readonly dynamo: DynamoApi;
  readonly #closables: Closable[] = [];
  readonly #publisher: CloudWatchPublisher | undefined;

  constructor(config: KinesisSourceConfig, context: SourceContext, dependencies: SourceDependencies) {
    const { aws, cloudwatch } = config;
    const { clock } = context;
    this.kinesis = this.#own(dependencies.kinesis?.(aws, clock) ?? createKinesisApi(aws, { clock }));
    this.dynamo = this.#own(dependencies.dynamo?.(aws, clock) ?? createDynamoApi(aws, { clock }));
    if (cloudwatch.level !== 'NONE') {
      const api = dependencies.createMetricData?.(aws, clock) ?? createMetricDataApi(aws, { clock });
      const reader = context.metrics.reader();
      this.#publisher = startCloudWatchPublisher({
        ...context,
        settings: cloudwatch,
        api: this.#own(api),
        reader,
      });
    }
  }

  /** @param publishMs milliseconds that the last metrics may take */
  async close(publishMs: number): Promise<void> {
    await this.#publisher?.close(publishMs);
    for (const service of this.#closables) {
      service.close();
    }
  }

  #own<T extends Closable>(service: T): T {
    this.#closables.push(service);
    return service;
  }
}
