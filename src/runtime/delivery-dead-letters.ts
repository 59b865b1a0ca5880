import type { DeadLetterOrder, ProcessingGuarantees, RecordPartition, RecordSequencing } from '../io';
import { letterOfRecord } from './dead-letter';
import { DeadLetterQueue } from './dead-letter-queue';
import type { DeliveryLanesOptions } from './delivery-lanes';

export type DeliveryDeadLettersOptions = Omit<DeliveryLanesOptions, 'atMostOnce'>;

/** The dead letters of one source: each tenure has a way of its own into each dead-letter topic. */
export class DeliveryDeadLetters {
  readonly #options: DeliveryDeadLettersOptions;
  readonly #queues = new Map<RecordPartition | undefined, Map<string, DeadLetterQueue>>();
  readonly #closed = new WeakSet<RecordPartition>();

  constructor(options: DeliveryDeadLettersOptions) {
    this.#options = options;
  }

  /** False while the partition has enough dead letters on their way. */
  accepts(partition: RecordPartition | undefined): boolean {
    const queues = this.#queues.get(partition);
    return queues === undefined || ![...queues.values()].some(({ full }) => full);
  }

  /** Ignored when its partition was closed or may no longer be delivered. */
  add(order: DeadLetterOrder): void {
    const { context, transport } = this.#options;
    const { topic, record } = order;
    const { partition } = record;
    if (partition !== undefined && (this.#closed.has(partition) || !partition.deliverable())) {
      return;
    }
    let queues = this.#queues.get(partition);
    if (queues === undefined) {
      queues = new Map();
      this.#queues.set(partition, queues);
    }
    let queue = queues.get(topic);
    if (queue === undefined) {
      queue = this.#open(partition, topic);
      queues.set(topic, queue);
    }
    const letter = letterOfRecord(order, record.destinationTopic ?? context.outputTopic, transport);
    queue.add(letter, () => {
      context.metrics.instrument('records_dead_lettered', { topic }).record(1);
      record.ack();
    });
  }

  /** Stores what is there of a partition within `deadlineMs`, and takes nothing more. @returns whether that was all */
  async close(partition: RecordPartition, deadlineMs: number): Promise<boolean> {
    this.#closed.add(partition);
    const stored = await this.#close(partition, deadlineMs);
    this.#queues.delete(partition);
    return stored;
  }

  /** The same of every partition that is left. */
  async closeAll(deadlineMs: number): Promise<boolean> {
    const closing = [...this.#queues.keys()].map((partition) => this.#close(partition, deadlineMs));
    return (await Promise.all(closing)).every((stored) => stored);
  }

  async #close(partition: RecordPartition | undefined, deadlineMs: number): Promise<boolean> {
    const queues = [...(this.#queues.get(partition)?.values() ?? [])];
    return (await Promise.all(queues.map((queue) => queue.close(deadlineMs)))).every((stored) => stored);
  }

  #open(partition: RecordPartition | undefined, topic: string): DeadLetterQueue {
    const { context, watchdog, sendStallTimeout: limit, ...shared } = this.#options;
    const part = `${partition === undefined ? '' : `${partition.id} `}dead letters to ${topic}`;
    return new DeadLetterQueue({
      ...shared,
      topic,
      clock: context.clock,
      random: context.random,
      logger: partition === undefined ? context.logger : context.logger.child({ partition: partition.id }),
      sequencing: letterSequencing(context.processingGuarantees, partition),
      watch: { watchdog, part, limit },
      mayStillSend: partition === undefined ? () => true : () => partition.deliverable(),
    });
  }
}

/**
 * With EFFECTIVELY_ONCE letters keep the numbers of their records, under another name. How many partitions they are
 * spread over is not remembered: those sent again after a dead-letter topic has grown may be there twice.
 */
function letterSequencing(
  guarantee: ProcessingGuarantees,
  partition: RecordPartition | undefined,
): RecordSequencing | undefined {
  const sequencing = guarantee === 'EFFECTIVELY_ONCE' ? partition?.sequencing : undefined;
  return (
    sequencing && {
      producerName: `${sequencing.producerName}/dlq`,
      // Which numbers became letters before, nobody knows.
      firstId: 0,
      enablesDeduplication: sequencing.enablesDeduplication,
      partitions: async (_topic, found) => found,
      repartition: async () => undefined,
      abandon: () => sequencing.abandon(),
      reached: async () => undefined,
    }
  );
}
