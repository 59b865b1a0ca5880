import type { ConnectorKind } from '../config';
import type {
  LoadedConfig,
  ProducerSettings,
  PulsarSettings,
  SinkDefinition,
  SourceDefinition,
} from '../config/types';
import { ConnectorError } from '../errors';
import type { Sink, Source } from '../io';
import type { MetricRegistry } from '../metrics/registry';
import type { Transport } from '../pulsar/transport';
import type { SinkValue } from '../sink/entry';
import { allowManyListeners } from '../util/abort';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { createSink, createSource } from './connector-registry';
import type { HealthBoard } from './health';
import { CAUGHT_UP, keepRunning, type Life } from './keep-running';
import type { PrometheusText } from './prometheus-text';
import type { RunOutcome } from './run-outcome';
import { runSinkInstance } from './sink-instance';
import { runSourceInstance } from './source-instance';

export interface SupervisorOptions {
  readonly config: LoadedConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly health: HealthBoard;
  readonly prometheus?: PrometheusText;
  /** Called for each start of an instance. */
  openTransport(pulsar: PulsarSettings, producer: ProducerSettings): Transport;
  readonly stop: AbortSignal;
  readonly untilCaughtUp?: boolean;
  /** The sinks will not be back: see `cleanupSubscription`. */
  readonly unsubscribe?: boolean;
  /** Instead of the connectors that the configuration names; a new one for each start of an instance. */
  createSource?(definition: SourceDefinition): Source<Uint8Array>;
  createSink?(definition: SinkDefinition): Sink<SinkValue>;
}

/** One source or sink: how to make an instance of it that has not begun. */
interface Member {
  readonly kind: ConnectorKind;
  readonly definition: SourceDefinition | SinkDefinition;
  make(instanceId: number): Life;
}

/**
 * Runs every instance of every source and sink of a configuration in this process, until all have ended. One that
 * fails is started again while the others go on; when its error cannot heal, the others are stopped, with draining.
 * @throws the first error that cannot heal; what is wrong with a connector's class, before anything is started.
 */
export async function supervise(options: SupervisorOptions): Promise<RunOutcome> {
  const { config, health, prometheus } = options;
  requireUnshared(options);
  const connectors = membersOf(options).map((member) => ({
    ...member,
    lives: Array.from({ length: member.definition.parallelism }, (_, instanceId) => member.make(instanceId)),
  }));
  const failed = new AbortController();
  const stop = combined(options.stop, failed.signal);
  const failures: unknown[] = [];
  const run = async (
    { kind, definition, make }: Member,
    instanceId: number,
    first: Life,
    ending: AbortSignal,
  ): Promise<RunOutcome> => {
    const { tenant, namespace, name } = definition;
    const id = { kind, name: `${tenant}/${namespace}/${name}`, instanceId };
    try {
      return await keepRunning({
        ...options,
        first,
        next: () => make(instanceId),
        settings: config.restart,
        ...(config.secrets === undefined ? {} : { secrets: config.secrets }),
        shutdownTimeoutMs: config.shutdownTimeoutMs,
        logger: options.logger.child({ [kind]: name, instance: instanceId }),
        health: health.add(kind, id.name, instanceId),
        ...(prometheus === undefined
          ? {}
          : { expose: (metrics: MetricRegistry) => prometheus.add(id, metrics) }),
        stop: ending,
      });
    } catch (error) {
      failures.push(error);
      failed.abort(error);
      return 'undrained';
    }
  };
  const outcomes = connectors.map(async ({ lives, ...member }) => {
    const caughtUp = new AbortController();
    const ending = combined(stop, caughtUp.signal);
    const instances = lives.map(async (first, instanceId) => {
      const outcome = await run(member, instanceId, first, ending);
      // It ends on its own only when nothing is left to do for any of them.
      caughtUp.abort(CAUGHT_UP);
      return outcome;
    });
    return Promise.all(instances);
  });
  const ended = (await Promise.all(outcomes)).flat();
  if (failures.length > 0) {
    throw failures[0];
  }
  return ended.includes('undrained') ? 'undrained' : 'drained';
}

/** Aborted with the first of both. */
function combined(one: AbortSignal, other: AbortSignal): AbortSignal {
  const signal = AbortSignal.any([one, other]);
  allowManyListeners(signal);
  return signal;
}

/** A broker deletes no subscription that has other consumers. @throws ConnectorError USAGE */
function requireUnshared({ config, unsubscribe = false }: SupervisorOptions): void {
  const shared = config.sinks.find((sink) => sink.cleanupSubscription && sink.parallelism > 1);
  if (unsubscribe && shared !== undefined) {
    throw new ConnectorError(
      'USAGE',
      `the subscription of ${shared.name} cannot go with one of its instances`,
      {
        expected: 'parallelism 1 where the subscription is deleted at the end',
        found: `parallelism ${shared.parallelism}`,
        hint: 'Run it without deleting the subscription, or with one instance.',
      },
    );
  }
}

function membersOf(options: SupervisorOptions): Member[] {
  const { config, untilCaughtUp = false, unsubscribe = false } = options;
  const { pulsar, shutdownTimeoutMs } = config;
  const { clock, random, logger, openTransport } = options;
  const shared = { pulsar, shutdownTimeoutMs, clock, random, logger, openTransport, untilCaughtUp };
  const sources = config.sources.map((definition) => ({
    kind: 'source' as const,
    definition,
    make(instanceId: number): Life {
      const source = options.createSource?.(definition) ?? createSource(definition.className);
      return (hooks) => runSourceInstance({ ...shared, ...hooks, definition, instanceId, source });
    },
  }));
  const sinks = config.sinks.map((definition) => ({
    kind: 'sink' as const,
    definition,
    make(instanceId: number): Life {
      const sink = options.createSink?.(definition) ?? createSink(definition.className);
      return (hooks) => runSinkInstance({ ...shared, ...hooks, definition, instanceId, sink, unsubscribe });
    },
  }));
  return [...sources, ...sinks];
}
