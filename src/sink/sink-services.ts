import { createMetricDataApi } from '../aws/cloudwatch-client';
import type { KinesisPutApi } from '../aws/kinesis-api';
import { createKinesisPutApi } from '../aws/kinesis-put-client';
import type { AwsSettings, KinesisSinkConfig } from '../config';
import type { SinkContext } from '../io';
import { type CloudWatchPublisher, startCloudWatchPublisher } from '../metrics/cloudwatch-publisher';
import type { MetricDataApi } from '../metrics/metric-data-api';
import type { Clock } from '../util/clock';

interface Closable {
  close(): void;
}

/** Where the sink gets its services from; the real ones when absent. */
export interface SinkDependencies {
  kinesis?(settings: AwsSettings, clock: Clock): KinesisPutApi & Closable;
  createMetricData?(settings: AwsSettings, clock: Clock): MetricDataApi & Closable;
}

/** The services of one open sink. */
export class SinkServices {
  readonly kinesis: KinesisPutApi;
  readonly #closables: Closable[] = [];
  readonly #publisher: CloudWatchPublisher | undefined;

  constructor(config: KinesisSinkConfig, context: SinkContext, dependencies: SinkDependencies) {
    const { aws, cloudwatch: settings } = config;
    const { clock, metrics } = context;
    this.kinesis = this.#own(dependencies.kinesis?.(aws, clock) ?? createKinesisPutApi(aws, { clock }));
    if (settings.level !== 'NONE') {
      const api = this.#own(
        dependencies.createMetricData?.(aws, clock) ?? createMetricDataApi(aws, { clock }),
      );
      this.#publisher = startCloudWatchPublisher({ ...context, settings, api, reader: metrics.reader() });
    }
  }

  /** Whether the last metrics want time to be published. */
  get publishes(): boolean {
    return this.#publisher !== undefined;
  }

  /** @param publishMs milliseconds that the last metrics may take. */
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
