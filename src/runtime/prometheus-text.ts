import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import { METRICS, type MetricName } from '../metrics/definitions';
import { prometheusPlace } from '../metrics/prometheus-place';
import { type ExposedMetric, type ExposedValue, PrometheusSeries } from '../metrics/prometheus-series';
import type { MetricRegistry } from '../metrics/registry';
import type { Clock } from '../util/clock';
import { version } from '../util/version';
import { type HealthBoard, INSTANCE_STATES, type InstanceHealth } from './health';

export interface PrometheusTextOptions {
  readonly health: Pick<HealthBoard, 'instances'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** One instance of a connector: the same over all its starts. */
export type ExposedInstance = Pick<InstanceHealth, 'kind' | 'name' | 'instanceId'>;

/**
 * What `/metrics` answers: every instance of this process, and the process itself under the names of prom-client.
 * Between two calls of `text` nothing piles up but what a shard or a topic that is there needs.
 */
export class PrometheusText {
  readonly contentType: string = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #options: PrometheusTextOptions;
  readonly #instances = new Map<string, PrometheusSeries>();
  /** Of every instance that runs: takes the news out of its registry. */
  readonly #reads = new Set<() => void>();

  constructor(options: PrometheusTextOptions) {
    this.#options = options;
  }

  /**
   * Shows what is recorded into `registry`, in one row with what earlier starts of the instance have recorded.
   * @returns ends that: the levels go, the counts stay.
   */
  add(instance: ExposedInstance, registry: MetricRegistry): () => void {
    const { clock } = this.#options;
    const series = this.#seriesOf(instance);
    const read = (): void => series.add(reader.read());
    const reader = registry.reader({
      buckets: true,
      onFull: read,
      onForgotten: (labels) => {
        if (this.#reads.has(read)) {
          read();
          series.forget(labels, clock.monotonic());
        }
      },
    });
    this.#reads.add(read);
    return () => {
      if (this.#reads.delete(read)) {
        read();
        series.ended(clock.monotonic());
      }
    };
  }

  /** Prometheus text format 0.0.4. */
  async text(): Promise<string> {
    for (const read of this.#reads) {
      read();
    }
    const now = this.#options.clock.monotonic();
    const families = new Map(this.#states().map((family) => [family.name, family]));
    for (const series of this.#instances.values()) {
      for (const family of series.exposed(now)) {
        const { values = [] } = families.get(family.name) ?? {};
        families.set(family.name, { ...family, values: [...values, ...family.values] });
      }
    }
    const registry = new Registry();
    for (const family of families.values()) {
      // All that prom-client asks of a metric to write it; its own `aggregate` leaves out process_start_time_seconds.
      registry.registerMetric({ name: family.name, get: async () => family } as unknown as Metric);
    }
    return Registry.merge([registry, processMetrics()]).metrics();
  }

  #seriesOf(instance: ExposedInstance): PrometheusSeries {
    const labels = labelsOf(instance);
    const key = JSON.stringify(labels);
    const series = this.#instances.get(key) ?? new PrometheusSeries(labels);
    this.#instances.set(key, series);
    return series;
  }

  #states(): ExposedMetric[] {
    const states = this.#options.health.instances.flatMap((instance) =>
      INSTANCE_STATES.map((state) => ({
        labels: { ...labelsOf(instance), state },
        value: state === instance.state ? 1 : 0,
      })),
    );
    return [
      level.of('info', [{ labels: { version: version() }, value: 1 }]),
      level.of('instance_state', states),
    ];
  }
}

const level = {
  of(name: MetricName, values: ExposedValue[]): ExposedMetric {
    const definition = METRICS[name];
    const place = prometheusPlace(name, definition);
    return { name: place.name, help: definition.help, type: place.type, values };
  },
};

function labelsOf({ kind, name, instanceId }: ExposedInstance): { readonly [label: string]: string } {
  return { kind, connector: name, instance_id: String(instanceId) };
}

let ofThisProcess: Registry | undefined;

/** There is one process, however many runs it makes; what prom-client starts to watch it never ends. */
function processMetrics(): Registry {
  if (ofThisProcess === undefined) {
    ofThisProcess = new Registry();
    collectDefaultMetrics({ register: ofThisProcess });
  }
  return ofThisProcess;
}
