import { ConnectorError } from '../errors';
import type { Record, RecordPartition, RecordSequencing, Schema, SourceContext } from '../io';
import { DeliveryLane } from './delivery-lane';
import type { DeliveryLaneOptions } from './delivery-lane-options';
import { DeliveryMetrics } from './delivery-metrics';
import type { LaneWatch } from './lane-watch';

export interface DeliveryLanesOptions
  extends Pick<DeliveryLaneOptions, 'transport' | 'atMostOnce' | 'backoff' | 'onRoom' | 'onFatal'> {
  readonly context: Pick<
    SourceContext,
    'clock' | 'random' | 'logger' | 'metrics' | 'outputTopic' | 'processingGuarantees'
  >;
  readonly watchdog: LaneWatch['watchdog'];
  /** Milliseconds without a receipt until a lane starts again with another producer; 0 = never. */
  readonly sendStallTimeout: number;
}

/** The lanes of one source: one a partition and topic. Records without a partition share those of theirs. */
export class DeliveryLanes {
  readonly #options: DeliveryLanesOptions;
  readonly #lanes = new Map<RecordPartition | undefined, Map<string, DeliveryLane>>();
  readonly #closed = new WeakSet<RecordPartition>();
  readonly #metrics: DeliveryMetrics;

  constructor(options: DeliveryLanesOptions) {
    this.#options = options;
    this.#metrics = new DeliveryMetrics(options.context.metrics);
  }

  /** False while a lane of the partition has enough to send. */
  accepts(partition: RecordPartition | undefined): boolean {
    const lanes = this.#lanes.get(partition);
    if (lanes === undefined) {
      return true;
    }
    for (const lane of lanes.values()) {
      if (!lane.accepts) {
        return false;
      }
    }
    return true;
  }

  /** Ignored when its partition was closed or may no longer be delivered. */
  offer(record: Record<Uint8Array>): void {
    const { partition } = record;
    if (partition !== undefined && (this.#closed.has(partition) || !partition.deliverable())) {
      return;
    }
    const topic = record.destinationTopic ?? this.#options.context.outputTopic;
    let lanes = this.#lanes.get(partition);
    if (lanes === undefined) {
      lanes = new Map();
      this.#lanes.set(partition, lanes);
    }
    let lane = lanes.get(topic);
    if (lane === undefined) {
      lane = this.#open(partition, topic, record.schema);
      lanes.set(topic, lane);
    }
    lane.offer(record);
  }

  /** Closes the lanes of a partition for good. @returns see DeliveryLane.close */
  async close(partition: RecordPartition, deadlineMs: number): Promise<boolean> {
    this.#closed.add(partition);
    const answered = await this.#close(this.#lanes.get(partition), deadlineMs);
    this.#lanes.delete(partition);
    return answered;
  }

  /** Closes every lane that is left. @returns whether everything that may have left was answered */
  async closeAll(deadlineMs: number): Promise<boolean> {
    const answered = await Promise.all(
      [...this.#lanes.values()].map((some) => this.#close(some, deadlineMs)),
    );
    this.#lanes.clear();
    return !answered.includes(false);
  }

  /** Records what was done since the last time, and what is under way. */
  report(): void {
    let inFlight = 0;
    for (const lanes of this.#lanes.values()) {
      for (const [topic, lane] of lanes) {
        inFlight += lane.inFlight;
        this.#metrics.did(topic, lane.takeCounts());
      }
    }
    this.#metrics.inFlight(inFlight);
  }

  #open(partition: RecordPartition | undefined, topic: string, schema: Schema): DeliveryLane {
    const { context, watchdog, sendStallTimeout, ...shared } = this.#options;
    const part = `${partition === undefined ? '' : `${partition.id} `}delivery to ${topic}`;
    return new DeliveryLane({
      ...shared,
      topic,
      schema,
      sequencing: this.#sequencing(partition),
      clock: context.clock,
      random: context.random,
      logger: partition === undefined ? context.logger : context.logger.child({ partition: partition.id }),
      watch: { watchdog, part, limit: sendStallTimeout },
      mayStillSend: partition === undefined ? () => true : () => partition.deliverable(),
    });
  }

  /** @throws ConnectorError RECORDS_NOT_NUMBERED */
  #sequencing(partition: RecordPartition | undefined): RecordSequencing | undefined {
    if (this.#options.context.processingGuarantees !== 'EFFECTIVELY_ONCE') {
      return undefined;
    }
    if (partition?.sequencing === undefined) {
      throw new ConnectorError('RECORDS_NOT_NUMBERED', 'the source does not number its records');
    }
    return partition.sequencing;
  }

  async #close(lanes: Map<string, DeliveryLane> | undefined, deadlineMs: number): Promise<boolean> {
    const closing = Array.from(lanes ?? [], async ([topic, lane]) => {
      const answered = await lane.close(deadlineMs);
      this.#metrics.did(topic, lane.takeCounts());
      return answered;
    });
    return (await Promise.all(closing)).every((answered) => answered);
  }
}
