import type { SourceDefinition } from '../config/types';
import { ConnectorError } from '../errors';
import type { Source } from '../io';
import type { ProducerTransport } from '../pulsar/transport';
import { type InstanceOptions, instanceContext } from './instance';
import { PULSAR_BACKOFF } from './retry-rule';
import type { RunOutcome } from './run-outcome';
import { SourceRunner } from './source-runner';
import { STEP_SHARE } from './stop-time';

export interface SourceInstanceOptions extends InstanceOptions<SourceDefinition, ProducerTransport> {
  readonly source: Source<Uint8Array>;
}

/**
 * Runs one instance of one source until it is stopped or fails.
 * @throws the error that ended it, after an orderly close.
 */
export async function runSourceInstance(options: SourceInstanceOptions): Promise<RunOutcome> {
  const { source, definition, pulsar, shutdownTimeoutMs } = options;
  const { topicName, configs, producer, processingGuarantees } = definition;
  const transport = options.openTransport(pulsar, producer);
  if (processingGuarantees === 'EFFECTIVELY_ONCE' && !transport.sequences) {
    throw new ConnectorError('CONFIG_INVALID', 'this transport cannot deliver EFFECTIVELY_ONCE', {
      expected: 'pulsar://, pulsar+ssl://, http(s)://, or transport: pulsar-client',
      found: pulsar.serviceUrl,
      hint: 'Choose such a service URL, or processingGuarantees: ATLEAST_ONCE.',
    });
  }
  const { context, stalls } = instanceContext(options, 'source');
  const runner = new SourceRunner({
    source,
    config: configs,
    context: { ...context, outputTopic: topicName, processingGuarantees },
    transport,
    atMostOnce: processingGuarantees === 'ATMOST_ONCE',
    backoff: PULSAR_BACKOFF,
    sendStallTimeout: producer.sendStallTimeout,
    untilCaughtUp: options.untilCaughtUp ?? false,
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
