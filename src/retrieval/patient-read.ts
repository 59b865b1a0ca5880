import { type ConnectorError, isConnectorError } from '../errors';
import { throwIfAborted } from '../util/abort';
import { sleep } from '../util/clock';
import type { ReaderCalls } from './reader-calls';
import type { RetrievalBatch } from './retrieval';
import { childrenOfVanished } from './shard-end';
import type { ShardReaderOptions } from './shard-reader-options';

export interface PatientRead
  extends Pick<ShardReaderOptions, 'shardId' | 'numRetries' | 'clock' | 'observer'> {
  readonly calls: ReaderCalls;
  /** One attempt at the next batch. */
  readonly attempt: () => Promise<RetrievalBatch>;
  /**
   * Prepares another attempt after `error`.
   * @param retries before this one
   * @returns milliseconds to wait
   */
  readonly waitAfter: (error: ConnectorError, retries: number) => number;
}

/** Errors of one read. */
interface Failures {
  all: number;
  bounded: number;
}

/**
 * The next batch, after as many attempts as it takes; or the end of a shard that has passed its retention with
 * everything in it, and is no longer listed (source: KCL `ShutdownTask`).
 * @throws the signal's reason; an error that cannot heal, or did not in `numRetries` attempts
 */
export async function readPatiently(read: PatientRead, signal: AbortSignal): Promise<RetrievalBatch> {
  const failures: Failures = { all: 0, bounded: 0 };
  for (;;) {
    try {
      return await read.attempt();
    } catch (error) {
      throwIfAborted(signal);
      // Not at the first time: a child that has just been born may not be found yet, nor listed.
      const isGone =
        isConnectorError(error, 'KINESIS_SHARD_NOT_FOUND') && failures.bounded >= read.numRetries;
      let problem = error;
      if (isGone) {
        try {
          const end = await vanished(read, signal);
          if (end !== undefined) {
            return end;
          }
        } catch (unlisted) {
          throwIfAborted(signal);
          // Without a listing nothing is proven: it is that one which has to be tried again.
          problem = unlisted;
        }
      }
      await sleep(read.clock, heal(read, problem, failures), signal);
    }
  }
}

/** Undefined when the shard is listed. */
async function vanished(
  { calls, shardId, observer }: PatientRead,
  signal: AbortSignal,
): Promise<RetrievalBatch | undefined> {
  const childShards = await childrenOfVanished(shardId, () => calls.list(signal));
  throwIfAborted(signal);
  if (childShards === undefined) {
    return undefined;
  }
  observer?.vanished?.(shardId);
  return { records: [], millisBehindLatest: undefined, end: { childShards, vanished: true } };
}

/**
 * @param failures so far; counts this one
 * @returns milliseconds to wait
 * @throws `error` when it is not to be tried again
 */
function heal(read: PatientRead, error: unknown, failures: Failures): number {
  if (!isConnectorError(error) || !error.retryable) {
    throw error;
  }
  if (error.treatment === 'bounded' && ++failures.bounded > read.numRetries) {
    throw error;
  }
  const { shardId, observer } = read;
  const wait = read.waitAfter(error, failures.all++);
  if (error.code === 'AWS_THROTTLED') {
    observer?.throttled?.(shardId);
  }
  observer?.retried?.(shardId, error, failures.all, wait);
  return wait;
}
