import type { KinesisPutApi, StreamRef } from '../aws/kinesis-api';
import { listAllShards } from '../aws/list-shards';
import { ConnectorError, isConnectorError, messageOf } from '../errors';
import { firstUncovered } from '../stream/hash-key';
import type { Shard } from '../stream/shard';
import { isOpen } from '../stream/shard-graph';
import type { Clock, TimerHandle } from '../util/clock';
import { withDeadline } from '../util/deadline';
import type { Logger } from '../util/logger';

/** Milliseconds between two listings: what is stale for so long costs some throttling, and nothing else. */
const INTERVAL_MS = 5000;

/**
 * The open shards. One attempt.
 * @throws ConnectorError KINESIS_HASH_RANGE_INCOMPLETE while a reshard is half listed.
 */
export async function listOpenShards(
  kinesis: Pick<KinesisPutApi, 'listShards'>,
  stream: StreamRef,
  signal: AbortSignal,
): Promise<Shard[]> {
  // Services that do not know the filter list closed shards as well.
  const open = (await listAllShards(kinesis, stream, signal, { type: 'AT_LATEST' })).filter(isOpen);
  const gap = firstUncovered(
    open.map((shard) => ({ start: BigInt(shard.startingHashKey), end: BigInt(shard.endingHashKey) })),
  );
  if (gap !== undefined) {
    throw new ConnectorError('KINESIS_HASH_RANGE_INCOMPLETE', `no open shard of ${stream.name} takes ${gap}`);
  }
  return open;
}

export interface ShardMapRefreshOptions {
  readonly kinesis: Pick<KinesisPutApi, 'listShards'>;
  readonly stream: StreamRef;
  /** Milliseconds until a listing counts as not answered. */
  readonly requestTimeout: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onListed: (shards: readonly Shard[]) => void;
}

/** Lists the shards again, in the background, when they are not what they were. Failures only put it off. */
export class ShardMapRefresh {
  readonly #options: ShardMapRefreshOptions;
  readonly #signal: AbortSignal;
  #nextAt = Number.NEGATIVE_INFINITY;
  #state: 'idle' | 'waiting' | 'listing' = 'idle';
  #timer: TimerHandle | undefined;

  constructor(options: ShardMapRefreshOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#cancel(), { once: true });
  }

  /** Something landed where it was not expected. */
  request(): void {
    if (this.#state !== 'idle' || this.#signal.aborted) {
      return;
    }
    const { clock } = this.#options;
    const wait = this.#nextAt - clock.monotonic();
    if (wait > 0) {
      this.#state = 'waiting';
      this.#timer = clock.setTimer(() => void this.#list(), wait);
    } else {
      void this.#list();
    }
  }

  async #list(): Promise<void> {
    const { kinesis, stream, requestTimeout, clock, logger, onListed } = this.#options;
    this.#state = 'listing';
    this.#nextAt = clock.monotonic() + INTERVAL_MS;
    const late = (): Error => new ConnectorError('AWS_TIMEOUT', `no answer within ${requestTimeout} ms`);
    let shards: readonly Shard[] | undefined;
    try {
      shards = await withDeadline(clock, requestTimeout, this.#signal, late, (signal) =>
        listOpenShards(kinesis, stream, signal),
      );
    } catch (error) {
      if (!this.#signal.aborted) {
        const fields = { code: isConnectorError(error) ? error.code : undefined, reason: messageOf(error) };
        logger.warn(fields, 'the shards could not be listed: rates go by the old ones until it succeeds');
      }
    }
    this.#state = 'idle';
    if (this.#signal.aborted) {
      return;
    }
    if (shards === undefined) {
      this.request();
    } else {
      onListed(shards);
    }
  }

  #cancel(): void {
    if (this.#timer !== undefined) {
      this.#options.clock.clearTimer(this.#timer);
    }
  }
}
