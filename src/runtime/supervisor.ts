import type { ConnectorKind } from '../config';
import type {
  LoadedConfig,
  ProducerSettings,
  PulsarSettings,
  SinkDefinition,
  SourceDefinition,
} from '../config/types';
import { explain } from '../errors';
import type { Sink, Source } from '../io';
import type { Transport } from '../pulsar/transport';
import type { SinkValue } from '../sink/entry';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { createSink, createSource } from './connector-registry';
import type { HealthBoard } from './health';
import type { InstanceOptions } from './instance';
import type { RunOutcome } from './run-outcome';
import { runSinkInstance } from './sink-instance';
import { runSourceInstance } from './source-instance';

export interface SupervisorOptions {
  readonly config: LoadedConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly health: HealthBoard;
  openTransport(pulsar: PulsarSettings, producer: ProducerSettings): Transport;
  readonly stop: AbortSignal;
  readonly untilCaughtUp?: boolean;
  /** The sinks will not be back: see `cleanupSubscription`. */
  readonly unsubscribe?: boolean;
  /** Instead of the connectors that the configuration names. */
  createSource?(definition: SourceDefinition): Source<Uint8Array>;
  createSink?(definition: SinkDefinition): Sink<SinkValue>;
}

/**
 * Runs every source and sink of a configuration in this process, until all have ended. When one fails the others
 * are stopped, with draining.
 * @throws the first error.
 */
export async function supervise(options: SupervisorOptions): Promise<RunOutcome> {
  const { config, health, logger } = options;
  const several = config.sources.length + config.sinks.length > 1;
  const stop = new AbortController();
  const onStop = (): void => stop.abort(options.stop.reason);
  options.stop.addEventListener('abort', onStop, { once: true });
  if (options.stop.aborted) {
    onStop();
  }
  const failures: unknown[] = [];
  const watch = async <Definition extends SourceDefinition | SinkDefinition>(
    kind: ConnectorKind,
    definition: Definition,
    run: (instance: InstanceOptions<Definition, Transport>) => Promise<RunOutcome>,
  ): Promise<RunOutcome> => {
    const { tenant, namespace, name } = definition;
    const entry = health.add(kind, `${tenant}/${namespace}/${name}`);
    try {
      const outcome = await run({
        ...options,
        definition,
        pulsar: config.pulsar,
        shutdownTimeoutMs: config.shutdownTimeoutMs,
        stop: stop.signal,
        onRunning: entry.running,
      });
      entry.ended();
      return outcome;
    } catch (error) {
      entry.failed(error);
      if (several) {
        // The caller hears of the first one alone, and not before the others have drained.
        const fields = { [kind]: `${tenant}/${namespace}/${name}`, error: explain(error) };
        logger.error(fields, `the ${kind} has failed; whatever else runs is stopped`);
      }
      failures.push(error);
      stop.abort(error);
      return 'undrained';
    }
  };
  const outcomes = await Promise.all([
    ...config.sources.map((definition) =>
      watch('source', definition, async (instance) => {
        const source = options.createSource?.(definition) ?? createSource(definition.className);
        return runSourceInstance({ ...instance, source });
      }),
    ),
    ...config.sinks.map((definition) =>
      watch('sink', definition, async (instance) => {
        const sink = options.createSink?.(definition) ?? createSink(definition.className);
        return runSinkInstance({ ...instance, sink, unsubscribe: options.unsubscribe ?? false });
      }),
    ),
  ]);
  options.stop.removeEventListener('abort', onStop);
  if (failures.length > 0) {
    throw failures[0];
  }
  return outcomes.includes('undrained') ? 'undrained' : 'drained';
}
