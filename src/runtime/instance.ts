import type { ConnectorKind } from '../config';
import type { ProducerSettings, PulsarSettings, SinkDefinition, SourceDefinition } from '../config/types';
import type { BaseContext, ConnectorStatus } from '../io';
import { MetricRegistry } from '../metrics/registry';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { StalledParts } from './stalled-parts';

/** How an instance tells what becomes of it. */
export interface InstanceHooks {
  /** The connector is open. */
  onRunning?(): void;
  /** The connector is being closed. @param failure what it failed of, if it did */
  onEnding?(failure?: unknown): void;
  /** See BaseContext.stalled; told of changes only. */
  onStalled?(part: string, problem: Error | undefined): void;
  /** See BaseContext.exposeStatus. */
  onStatus?(read: () => ConnectorStatus): void;
  /** What the instance records goes there. */
  onMetrics?(metrics: MetricRegistry): void;
}

/** What an instance of any connector runs with. */
export interface InstanceOptions<Definition, Transport> extends InstanceHooks {
  readonly definition: Definition;
  /** 0 to `parallelism` − 1; 0 when absent. */
  readonly instanceId?: number;
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
}

/** The context of an instance, as far as sources and sinks have the same, and what is to be closed behind it. */
export function instanceContext(
  options: InstanceOptions<SourceDefinition | SinkDefinition, unknown>,
  kind: ConnectorKind,
): { readonly context: Omit<BaseContext, 'fatal'>; readonly stalls: StalledParts } {
  const { clock, random, shutdownTimeoutMs, instanceId = 0 } = options;
  const { tenant, namespace, name, secrets, parallelism } = options.definition;
  const logger = options.logger.child({ [kind]: name, instance: instanceId });
  const metrics = new MetricRegistry();
  options.onMetrics?.(metrics);
  const stalls = new StalledParts({
    clock,
    logger,
    metrics,
    onChange: (part, problem) => options.onStalled?.(part, problem),
  });
  const context = {
    tenant,
    namespace,
    name,
    instanceId,
    numInstances: parallelism,
    logger,
    metrics,
    clock,
    random,
    getSecret: (secret: string) => secrets[secret],
    shutdownTimeoutMs,
    stalled: stalls.report,
    exposeStatus: (read: () => ConnectorStatus) => options.onStatus?.(read),
  };
  return { context, stalls };
}
