import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import type { DeadLetterOrder } from './dead-letter';
import type { MetricSink } from './metrics';
import type { ProcessingGuarantees } from './processing-guarantees';
import type { RecordPartition } from './record';
import type { ConnectorStatus } from './status';

/** What the runtime tells every connector. Source: `org.apache.pulsar.functions.api.BaseContext`. */
export interface BaseContext {
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
  /** 0 to numInstances − 1. */
  readonly instanceId: number;
  readonly numInstances: number;
  readonly logger: Logger;
  readonly metrics: MetricSink;
  readonly clock: Clock;
  readonly random: Random;
  /** The secret of that name, or undefined. */
  getSecret(name: string): string | undefined;
  /** Milliseconds that `close()` may take. */
  readonly shutdownTimeoutMs: number;
  /** Ends this instance with `error`; may be called at any time, the first call counts (PIP-297). */
  fatal(error: Error): void;
  /**
   * Says that a part which should progress does not (G11), or that it does again. Whoever runs the instance reports
   * it: log, metric, readiness. Backpressure is none.
   * @param part one part of this instance, for instance `shardId-000000000000 reader`
   * @param problem why; undefined when the part progresses again
   */
  stalled(part: string, problem: Error | undefined): void;
  /**
   * Offers what the runtime shows of this instance (page, `/status`). `read` is called now and then until the instance is
   * closed; it must be cheap and must not throw. A context of a runtime that shows nothing leaves this out.
   */
  exposeStatus?(read: () => ConnectorStatus): void;
}

export interface SourceContext extends BaseContext {
  /** As configured: what is in it of names of values is for the source to fill, by `destinationTopic`. */
  readonly outputTopic: string;
  /** With EFFECTIVELY_ONCE every record belongs to a partition that has `sequencing`. */
  readonly processingGuarantees: ProcessingGuarantees;
  /** Whether dead letters of any size are stored whole: the transport sends what is above the broker's limit in chunks. */
  readonly storesAnySize: boolean;
  /**
   * Ends the delivery of one tenure: nothing of it that is unsent is sent any more, what is in flight is
   * waited for until `deadlineMs` from now, then its producer is closed (or its connection destroyed).
   * Records never confirmed are dropped, neither acked nor failed.
   * Resolves when no further message of this tenure can be stored by this process: true when everything in
   * flight was answered, false when the deadline came first. Never rejects.
   */
  closePartition(partition: RecordPartition, deadlineMs: number): Promise<boolean>;
  /**
   * Stores a record that can never be stored where it belongs in a dead-letter topic, beside all other delivery and
   * for as long as it takes; then acks it. One that cannot be stored there either ends the instance with
   * DEAD_LETTER_REFUSED. With EFFECTIVELY_ONCE letters of a tenure are to come in the order of their records' numbers.
   * Ignored when the tenure has ended, so that its record is sent again by the next one;
   * `closePartition` waits for what was taken before.
   */
  deadLetter(order: DeadLetterOrder): void;
}

/** Source: Pulsar `SubscriptionType`. */
export type SubscriptionType = 'Exclusive' | 'Shared' | 'Failover' | 'Key_Shared';

export interface SinkContext extends BaseContext {
  /** Full names. */
  readonly inputTopics: readonly string[];
  readonly subscriptionType: SubscriptionType;
  /**
   * Whether a record that is failed for good ends the instance, for want of a dead-letter topic. It comes again then:
   * a sink that keeps order delivers nothing that belongs behind it.
   */
  readonly failureEnds: boolean;
}
