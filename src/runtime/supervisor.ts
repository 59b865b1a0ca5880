import type { LoadedConfig, ProducerSettings, PulsarSettings, SourceDefinition } from '../config/types';
import type { Source } from '../io';
import type { ProducerTransport } from '../pulsar/transport';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { createSource } from './connector-registry';
import { runInstance } from './source-instance';
import type { RunOutcome } from './source-runner';

export interface SupervisorOptions {
  readonly config: LoadedConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  openTransport(pulsar: PulsarSettings, producer: ProducerSettings): ProducerTransport;
  readonly stop: AbortSignal;
  readonly untilCaughtUp?: boolean;
  /** Instead of the sources that the configuration names. */
  createSource?(definition: SourceDefinition): Source<Uint8Array>;
}

/**
 * Runs every source of a configuration in this process, until all have ended. When one fails the others are
 * stopped, with draining.
 * @throws the first error.
 */
export async function superviseSources(options: SupervisorOptions): Promise<RunOutcome> {
  const { config } = options;
  const stop = new AbortController();
  const onStop = (): void => stop.abort(options.stop.reason);
  options.stop.addEventListener('abort', onStop, { once: true });
  if (options.stop.aborted) {
    onStop();
  }
  const failures: unknown[] = [];
  const runs = config.sources.map(async (definition): Promise<RunOutcome> => {
    try {
      const source = options.createSource?.(definition) ?? createSource(definition.className);
      return await runInstance({
        ...options,
        definition,
        pulsar: config.pulsar,
        source,
        shutdownTimeoutMs: config.shutdownTimeoutMs,
        stop: stop.signal,
      });
    } catch (error) {
      failures.push(error);
      stop.abort(error);
      return 'undrained';
    }
  });
  const outcomes = await Promise.all(runs);
  options.stop.removeEventListener('abort', onStop);
  if (failures.length > 0) {
    throw failures[0];
  }
  return outcomes.includes('undrained') ? 'undrained' : 'drained';
}
