import type { LoadedConfig } from '../config';
import type { Sink, Source } from '../io';
import { createTransport } from '../pulsar/create-transport';
import type { Transport } from '../pulsar/transport';
import type { SinkValue } from '../sink/entry';
import { type Clock, systemClock } from '../util/clock';
import type { Logger } from '../util/logger';
import { systemRandom } from '../util/random';
import { Explorations } from './explorations';
import { HealthBoard } from './health';
import { startHttpServer } from './http-server';
import { createPinoLogger } from './pino-logger';
import { PrometheusText } from './prometheus-text';
import type { RunOutcome } from './run-outcome';
import { supervise } from './supervisor';

export interface RunOptions {
  /** What `loadConfig` or `loadConfigObject` returned. */
  readonly config: LoadedConfig;
  /** Ends the run, with draining. */
  readonly signal: AbortSignal;
  /** Also end once everything that is in the streams and topics now is delivered. */
  readonly untilCaughtUp?: boolean;
  /**
   * The sinks will not be back: those with `cleanupSubscription` delete their subscriptions after a drained end, and
   * with them what those had not read.
   */
  readonly unsubscribe?: boolean;
  /** Instead of JSON lines on standard error. */
  readonly logger?: Logger;
  /** Instead of that of the machine; Pulsar goes by that of its transport. */
  readonly clock?: Clock;
  /** Instead of the transport that `pulsar.serviceUrl` names; called for each start of an instance. */
  readonly transport?: () => Transport;
  /** Instead of the sources that the configuration names; called for a new one at each start of an instance. */
  readonly source?: () => Source<Uint8Array>;
  /** Instead of the sinks that the configuration names; called for a new one at each start of an instance. */
  readonly sink?: () => Sink<SinkValue>;
}

/**
 * Runs the sources and sinks of a configuration in this process, `parallelism` instances of each, until the signal, or
 * the end asked for; answers about their health meanwhile where `http` says so. An instance that fails is started
 * again as `restart` says.
 * @returns `undrained` when something in flight was not answered in time; it is sent again by the next start.
 * @throws ConnectorError what cannot heal, after an orderly close; what an instance failed of too often in a row.
 */
export async function runConnectors(options: RunOptions): Promise<RunOutcome> {
  const { config, signal, untilCaughtUp = false, unsubscribe = false, transport, source, sink } = options;
  const { logger = createPinoLogger(config.logLevel), clock = systemClock } = options;
  for (const { path, message } of config.notices) {
    logger.warn({ path }, message);
  }
  const health = new HealthBoard(clock);
  const parts = { clock, random: systemRandom, logger };
  const { http: settings } = config;
  const prometheus = settings === undefined ? undefined : new PrometheusText({ health, clock });
  const server =
    settings === undefined || prometheus === undefined
      ? undefined
      : await startHttpServer({
          ...parts,
          settings,
          health,
          prometheus,
          explorations: new Explorations({ ...parts, config }),
        });
  const letSecretsAge = config.secrets?.keepFresh(parts);
  try {
    return await supervise({
      ...parts,
      config,
      health,
      ...(prometheus === undefined ? {} : { prometheus }),
      openTransport:
        transport ??
        ((pulsar, producer) => createTransport(pulsar, producer, { ...parts, stdout: process.stdout })),
      stop: signal,
      untilCaughtUp,
      unsubscribe,
      ...(source === undefined ? {} : { createSource: source }),
      ...(sink === undefined ? {} : { createSink: sink }),
    });
  } finally {
    letSecretsAge?.();
    await server?.close();
  }
}

/** `runConnectors` for the sources alone. */
export function runSource(options: RunOptions): Promise<RunOutcome> {
  return runConnectors({ ...options, config: { ...options.config, sinks: [] } });
}

/** `runConnectors` for the sinks alone. */
export function runSink(options: RunOptions): Promise<RunOutcome> {
  return runConnectors({ ...options, config: { ...options.config, sources: [] } });
}
