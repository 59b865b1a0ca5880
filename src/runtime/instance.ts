import type { ConnectorKind } from '../config';
import type { ProducerSettings, PulsarSettings, SinkDefinition, SourceDefinition } from '../config/types';
import type { BaseContext } from '../io';
import { MetricRegistry } from '../metrics/registry';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';

/** What an instance of any connector runs with. */
export interface InstanceOptions<Definition, Transport> {
  readonly definition: Definition;
  readonly pulsar: PulsarSettings;
  readonly shutdownTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  openTransport(pulsar: PulsarSettings, producer: ProducerSettings): Transport;
  /** Ends the run, with draining. */
  readonly stop: AbortSignal;
  /** Also end once everything that was there at the start is delivered. */
  readonly untilCaughtUp?: boolean;
  /** The connector is open. */
  onRunning?(): void;
  /** See BaseContext.stalled. */
  onStalled?(part: string, problem: Error | undefined): void;
}

/** The context of an instance, as far as sources and sinks have the same. */
export function instanceContext(
  options: InstanceOptions<SourceDefinition | SinkDefinition, unknown>,
  kind: ConnectorKind,
): Omit<BaseContext, 'fatal'> {
  const { clock, random, shutdownTimeoutMs } = options;
  const { tenant, namespace, name, secrets } = options.definition;
  return {
    tenant,
    namespace,
    name,
    instanceId: 0,
    numInstances: 1,
    logger: options.logger.child({ [kind]: name }),
    metrics: new MetricRegistry(),
    clock,
    random,
    getSecret: (secret) => secrets[secret],
    shutdownTimeoutMs,
    stalled: (part, problem) => options.onStalled?.(part, problem),
  };
}
