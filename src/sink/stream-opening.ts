import type { KinesisPutApi, StreamDescription, StreamRef } from '../aws/kinesis-api';
import { type RetryPolicy, retrying } from '../aws/retry';
import { ConnectorError } from '../errors';
import type { Shard } from '../stream/shard';
import { sleep } from '../util/clock';
import { listOpenShards } from './shard-map-refresh';

/** Milliseconds a stream may take to become ACTIVE, and between two looks. */
const CREATING_MS = 120_000;
const POLL_MS = 1000;

export interface OpenStream {
  readonly description: StreamDescription;
  /** Open ones only. */
  readonly shards: readonly Shard[];
}

/**
 * What a writer must know of a stream before it begins; waits while the stream is being created.
 * @throws ConnectorError of what cannot heal, KINESIS_STREAM_NOT_READY; the signal's reason.
 */
export async function openStream(
  kinesis: Pick<KinesisPutApi, 'describeStream' | 'listShards'>,
  stream: StreamRef,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<OpenStream> {
  const { clock, logger } = policy;
  const until = clock.monotonic() + CREATING_MS;
  let waiting = false;
  for (;;) {
    const description = await retrying(policy, signal, () => kinesis.describeStream(stream, { signal }));
    const { status } = description;
    if (status === 'ACTIVE' || status === 'UPDATING') {
      const shards = await retrying(policy, signal, () => listOpenShards(kinesis, stream, signal));
      return { description, shards };
    }
    if (status === 'DELETING' || clock.monotonic() >= until) {
      throw new ConnectorError('KINESIS_STREAM_NOT_READY', `the stream ${stream.name} takes no records`, {
        expected: 'ACTIVE or UPDATING',
        found: status,
      });
    }
    if (!waiting) {
      waiting = true;
      logger?.info({ stream: stream.name, status }, 'waiting until the stream can be written to');
    }
    await sleep(clock, POLL_MS, signal);
  }
}
