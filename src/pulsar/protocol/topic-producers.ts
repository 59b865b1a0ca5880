import type { Clock } from '../../util/clock';
import type { Logger } from '../../util/logger';
import type { Random } from '../../util/random';
import type { SchemaData } from './command';
import type { OutgoingMessage } from './message';
import type { TopicProducer } from './partition-output';
import { PartitionWatch } from './partition-watch';
import {
  type PartitionedEvents,
  PartitionedProducer,
  type PartitioningSettings,
} from './partitioned-producer';
import type { PendingBudget } from './pending-budget';
import { Producer } from './producer';
import type {
  DeduplicationProof,
  ProducerEvents,
  ProducerSettings,
  Refusal,
  RefusalMemory,
} from './producer-parts';
import { ProtocolError } from './protocol-error';
import { tryUntilAccepted } from './registration-tries';
import type { TopicLookup } from './topic-lookup';
import { baseTopicName } from './topic-name';

export interface TopicProducersParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly lookup: TopicLookup;
  /** Of all producers together. */
  readonly budget: PendingBudget;
  readonly settings: ProducerSettings;
  readonly partitioning: PartitioningSettings;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

export interface ProducerRequest<M extends OutgoingMessage> {
  readonly topic: string;
  readonly producerName?: string;
  readonly schema?: SchemaData;
  /** Whether messages above the broker's limit go in chunks; they are refused otherwise. */
  readonly chunked: boolean;
  readonly mayStillSend?: () => boolean;
  /** Messages bring their sequence ids, for a topic that drops those it has; `producerName` is given then. */
  readonly sequenced?: SequencedRequest;
  readonly events: PartitionedEvents<M>;
}

export interface SequencedRequest {
  /** Id of the first message; all below were confirmed. */
  readonly firstId: number;
  /** Whether the topic is known to deduplicate; it is found out otherwise. */
  readonly deduplicates?: boolean;
  /** How many partitions are used, when the topic has `found`; 0: it has none. Stored before it resolves. */
  partitions(found: number): Promise<number>;
}

/** Makes the producers of topics, whether those have partitions or not. */
export class TopicProducers {
  readonly #parts: TopicProducersParts;
  /** Topics that have shown that they drop what they have. */
  readonly #deduplicating = new Set<string>();
  /** By topic and name. */
  readonly #refusals = new Map<string, Refusal>();
  #lastId = 0;

  constructor(parts: TopicProducersParts) {
    this.#parts = parts;
  }

  /**
   * @param topic Full name.
   * @param closed Called when `close` has ended.
   * @throws ProtocolError after tries within the operation time-out.
   */
  async open<M extends OutgoingMessage>(
    topic: string,
    request: ProducerRequest<M>,
    closed: () => void,
  ): Promise<TopicProducer<M>> {
    const { sequenced } = request;
    if (sequenced?.deduplicates === true) {
      this.#deduplicating.add(baseTopicName(topic));
    }
    const { clock, settings, lookup } = this.#parts;
    const limit = clock.monotonic() + settings.operationTimeout;
    const found = await tryUntilAccepted(this.#parts, () => lookup.partitions(topic), limit);
    const partitions = sequenced === undefined ? found : await sequenced.partitions(found);
    if (partitions > found || (partitions === 0 && found > 0)) {
      throw new ProtocolError(
        'partitions-lost',
        `${topic} has ${found} partitions, and records were spread over ${partitions}`,
      );
    }
    return partitions === 0
      ? this.#openPlain(topic, request, closed)
      : this.#openPartitioned(topic, found, partitions, request, closed);
  }

  /** One that ends when its topic has partitions: it would go on to store where nobody reads. */
  async #openPlain<M extends OutgoingMessage>(
    topic: string,
    request: ProducerRequest<M>,
    closed: () => void,
  ): Promise<TopicProducer<M>> {
    const producer: Producer<M> = await this.#openProducer(topic, request, request.events, () => {
      watch.stop();
      closed();
    });
    const watch = this.#watch(topic, 0, (found) =>
      producer.fail(
        new ProtocolError('partitions-changed', `${topic} has ${found} partitions, and had none`),
      ),
    );
    return producer;
  }

  #openPartitioned<M extends OutgoingMessage>(
    topic: string,
    found: number,
    partitions: number,
    request: ProducerRequest<M>,
    closed: () => void,
  ): Promise<TopicProducer<M>> {
    const { clock, random, logger, budget, settings, partitioning } = this.#parts;
    return PartitionedProducer.open<M>({
      clock,
      random,
      logger,
      budget,
      routing: partitioning,
      topic,
      found,
      partitions,
      firstId: request.sequenced?.firstId,
      closeTimeout: settings.operationTimeout,
      events: request.events,
      open: (partition, events) => this.#openProducer(partition, request, events, () => undefined),
      watch: (changed) => this.#watch(topic, found, changed),
      closed,
    });
  }

  #watch(topic: string, known: number, changed: (found: number) => void): PartitionWatch {
    const { clock, random, lookup, partitioning } = this.#parts;
    const ask = (): Promise<number> => lookup.partitions(topic);
    return new PartitionWatch(
      { clock, random, intervalMs: partitioning.updateIntervalMs, ask, changed },
      known,
    );
  }

  #openProducer<M extends OutgoingMessage>(
    topic: string,
    request: ProducerRequest<M>,
    events: ProducerEvents<M>,
    closed: () => void,
  ): Promise<Producer<M>> {
    const { clock, random, logger, lookup, budget, settings, signal } = this.#parts;
    const { producerName, schema, sequenced, chunked, mayStillSend = () => true } = request;
    const deduplication = this.#deduplication(baseTopicName(topic));
    const refusals = this.#refusalsOf(`${topic} ${producerName}`);
    return Producer.open<M>({
      clock,
      random,
      logger,
      lookup,
      budget,
      settings,
      producerId: ++this.#lastId,
      topic,
      ...(producerName === undefined ? {} : { producerName }),
      ...(schema === undefined ? {} : { schema }),
      ...(sequenced && { sequenced: { firstId: sequenced.firstId, deduplication, refusals } }),
      chunked,
      mayStillSend,
      events,
      signal,
      closed,
    });
  }

  #refusalsOf(name: string): RefusalMemory {
    const refusals = this.#refusals;
    return {
      get refusal() {
        return refusals.get(name);
      },
      set refusal(refusal) {
        if (refusal === undefined) {
          refusals.delete(name);
        } else {
          refusals.set(name, refusal);
        }
      },
    };
  }

  /** What is known of `topic` in all its partitions: the policy is that of the topic. */
  #deduplication(topic: string): DeduplicationProof {
    const topics = this.#deduplicating;
    return {
      get proven() {
        return topics.has(topic);
      },
      prove: () => topics.add(topic),
    };
  }
}
