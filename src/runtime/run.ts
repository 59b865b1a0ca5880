import type { LoadedConfig } from '../config';
import type { Source } from '../io';
import { createTransport } from '../pulsar/create-transport';
import type { ProducerTransport } from '../pulsar/transport';
import { systemClock } from '../util/clock';
import type { Logger } from '../util/logger';
import { systemRandom } from '../util/random';
import { createPinoLogger } from './pino-logger';
import type { RunOutcome } from './source-runner';
import { superviseSources } from './supervisor';

export interface RunOptions {
  /** What `loadConfig` or `loadConfigObject` returned. */
  readonly config: LoadedConfig;
  /** Ends the run, with draining. */
  readonly signal: AbortSignal;
  /** Also end once everything that is in the stream now is delivered. */
  readonly untilCaughtUp?: boolean;
  /** Instead of JSON lines on standard error. */
  readonly logger?: Logger;
  /** Instead of the transport that `pulsar.serviceUrl` names. */
  readonly transport?: () => ProducerTransport;
  /** Instead of the sources that the configuration names; called once for each. */
  readonly source?: () => Source<Uint8Array>;
}

/**
 * Runs the sources of a configuration in this process until the signal, or the end asked for.
 * @returns `undrained` when something in flight was not answered in time; it is sent again by the next start.
 * @throws ConnectorError what cannot heal, after an orderly close.
 */
export function runSource(options: RunOptions): Promise<RunOutcome> {
  const { config, signal, untilCaughtUp = false, transport, source } = options;
  const logger = options.logger ?? createPinoLogger(config.logLevel);
  for (const { path, message } of config.notices) {
    logger.warn({ path }, message);
  }
  return superviseSources({
    config,
    clock: systemClock,
    random: systemRandom,
    logger,
    openTransport:
      transport ??
      ((pulsar, producer) =>
        createTransport(pulsar, producer, {
          clock: systemClock,
          random: systemRandom,
          logger,
          stdout: process.stdout,
        })),
    stop: signal,
    untilCaughtUp,
    ...(source === undefined ? {} : { createSource: source }),
  });
}
