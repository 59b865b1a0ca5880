import type { SinkDefinition } from '../config/types';
import type { Sink } from '../io';
import type { Transport } from '../pulsar/transport';
import type { SinkValue } from '../sink/entry';
import { type InstanceOptions, instanceContext } from './instance';
import { PULSAR_BACKOFF } from './retry-rule';
import type { RunOutcome } from './run-outcome';
import { SinkRunner } from './sink-runner';
import { STEP_SHARE } from './stop-time';

export interface SinkInstanceOptions extends InstanceOptions<SinkDefinition, Transport> {
  readonly sink: Sink<SinkValue>;
  /** The sink will not be back: its subscriptions go with it where `cleanupSubscription` says so. */
  readonly unsubscribe?: boolean;
}

/**
 * Runs one instance of one sink until it is stopped or fails.
 * @throws the error that ended it, after an orderly close.
 */
export async function runSinkInstance(options: SinkInstanceOptions): Promise<RunOutcome> {
  const { sink, definition, pulsar, shutdownTimeoutMs, unsubscribe = false } = options;
  const transport = options.openTransport(pulsar, definition.producer);
  const { context, stalls } = instanceContext(options, 'sink');
  const runner = new SinkRunner({
    sink,
    definition,
    context,
    transport,
    backoff: PULSAR_BACKOFF,
    untilCaughtUp: options.untilCaughtUp ?? false,
    unsubscribe: unsubscribe && definition.cleanupSubscription,
    onRunning: () => options.onRunning?.(),
    onEnding: (failure) => options.onEnding?.(failure),
  });
  try {
    return await runner.run(options.stop);
  } finally {
    stalls.close();
    await transport.close(shutdownTimeoutMs * STEP_SHARE);
  }
}
