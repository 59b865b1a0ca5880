import type { ProducerSettings, PulsarSettings, SourceDefinition } from '../config/types';
import { NO_METRICS, type Source } from '../io';
import type { ProducerTransport } from '../pulsar/transport';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { type RunOutcome, SourceRunner } from './source-runner';

/** Ceilings of the waits between two producers of one lane, milliseconds. */
const PRODUCER_BACKOFF = { initialMs: 100, maxMs: 10_000 };

export interface SourceInstanceOptions {
  readonly definition: SourceDefinition;
  readonly pulsar: PulsarSettings;
  readonly source: Source<Uint8Array>;
  readonly shutdownTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  openTransport(pulsar: PulsarSettings, producer: ProducerSettings): ProducerTransport;
  /** Ends the run, with draining. */
  readonly stop: AbortSignal;
  /** Also end once everything that was there at the start is delivered. */
  readonly untilCaughtUp?: boolean;
}

/**
 * Runs one instance of one source until it is stopped or fails.
 * @throws the error that ended it, after an orderly close.
 */
export async function runInstance(options: SourceInstanceOptions): Promise<RunOutcome> {
  const { definition, pulsar, clock, random, shutdownTimeoutMs } = options;
  const { tenant, namespace, name, topicName, configs, secrets, producer } = definition;
  const logger = options.logger.child({ source: name });
  const transport = options.openTransport(pulsar, producer);
  const runner = new SourceRunner({
    source: options.source,
    config: configs,
    context: {
      tenant,
      namespace,
      name,
      instanceId: 0,
      numInstances: 1,
      logger,
      metrics: NO_METRICS,
      clock,
      random,
      getSecret: (secret) => secrets[secret],
      shutdownTimeoutMs,
      outputTopic: topicName,
    },
    transport,
    atMostOnce: definition.processingGuarantees === 'ATMOST_ONCE',
    backoff: PRODUCER_BACKOFF,
    untilCaughtUp: options.untilCaughtUp ?? false,
  });
  try {
    return await runner.run(options.stop);
  } finally {
    await transport.close(shutdownTimeoutMs);
  }
}
