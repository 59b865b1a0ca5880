import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import type { RecordPartition } from './record';

/** Counters and gauges a connector reports under names of its own. */
export interface MetricSink {
  record(name: string, value: number): void;
}

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
}

export interface SourceContext extends BaseContext {
  readonly outputTopic: string;
  /**
   * Ends the delivery of one tenure: nothing of it that is unsent is sent any more, what is in flight is
   * waited for until `deadlineMs` from now, then its producer is closed (or its connection destroyed).
   * Records never confirmed are dropped, neither acked nor failed.
   * Resolves when no further message of this tenure can be stored by this process: true when everything in
   * flight was answered, false when the deadline came first. Never rejects.
   */
  closePartition(partition: RecordPartition, deadlineMs: number): Promise<boolean>;
}

export interface SinkContext extends BaseContext {
  readonly inputTopics: readonly string[];
  readonly subscriptionType: 'Exclusive' | 'Shared' | 'Failover' | 'Key_Shared';
}
