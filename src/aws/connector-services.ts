import type { AwsSettings, CloudWatchSettings } from '../config';
import type { BaseContext } from '../io';
import { type CloudWatchPublisher, startCloudWatchPublisher } from '../metrics/cloudwatch-publisher';
import type { MetricDataApi } from '../metrics/metric-data-api';
import type { Clock } from '../util/clock';
import { createMetricDataApi } from './cloudwatch-client';

export interface Closable {
  close(): void;
}

/** Where a connector gets CloudWatch from; the real one when absent. */
export interface MetricDependencies {
  createMetricData?(settings: AwsSettings, clock: Clock): MetricDataApi & Closable;
}

/** What the services of every open connector have in common: its metrics are published, and all are closed together. */
export class ConnectorServices {
  /** The dimension StreamId of a source of several streams, by the label of each. */
  readonly streamIds = new Map<string, string>();
  readonly #closables: Closable[] = [];
  #publisher: CloudWatchPublisher | undefined;

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

  /** `service` is closed with the others. */
  protected own<T extends Closable>(service: T): T {
    this.#closables.push(service);
    return service;
  }

  /** Publishes from now on what is recorded, unless the level is NONE: then there is no client at all. */
  protected publish(
    { aws, cloudwatch: settings }: { readonly aws: AwsSettings; readonly cloudwatch: CloudWatchSettings },
    context: BaseContext,
    dependencies: MetricDependencies,
  ): void {
    const { clock, logger, metrics } = context;
    if (settings.level !== 'NONE') {
      const api = this.own(
        dependencies.createMetricData?.(aws, clock) ?? createMetricDataApi(aws, { clock, logger }),
      );
      this.#publisher = startCloudWatchPublisher({
        ...context,
        settings,
        api,
        reader: metrics.reader(),
        streamIds: this.streamIds,
      });
    }
  }
}
