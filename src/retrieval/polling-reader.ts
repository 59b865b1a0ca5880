import type { RecordsAnswer } from '../aws/kinesis-api';
import { listAllShards } from '../aws/list-shards';
import { ConnectorError, type ErrorCode, isConnectorError } from '../errors';
import type { FixedPosition } from '../stream/iterator-position';
import { throwIfAborted } from '../util/abort';
import { fullJitter } from '../util/backoff';
import { sleep } from '../util/clock';
import { withDeadline } from '../util/deadline';
import { Pacing } from './pacing';
import type { PollingReaderOptions } from './polling-reader-options';
import { ReadSize } from './read-size';
import type { Admit, RetrievalBatch, ShardReader } from './retrieval';
import { childrenAtEnd, childrenOfVanished } from './shard-end';

/** Errors after which the iterator in hand leads nowhere. Source: KCL `KinesisDataFetcher.restartIterator`. */
const NEEDS_ITERATOR: ReadonlySet<ErrorCode> = new Set([
  'KINESIS_ITERATOR_EXPIRED',
  'KINESIS_POSITION_REFUSED',
  'KINESIS_SHARD_END_UNPROVEN',
]);

/** Opens a reader of one shard by GetRecords. No call is made before the first `read`. */
export function openPollingReader(options: PollingReaderOptions): ShardReader {
  return new PollingReader(options);
}

class PollingReader implements ShardReader {
  readonly #options: PollingReaderOptions;
  readonly #pacing: Pacing;
  readonly #size: ReadSize;
  /** Behind the last record handed out, or the start. */
  #position: FixedPosition;
  #iterator: string | undefined;
  #ended = false;
  /** Milliseconds that the answer of the call under way has waited for admission. */
  #waited = 0;

  constructor(options: PollingReaderOptions) {
    this.#options = options;
    this.#pacing = new Pacing(options.maxReadsPerSecond);
    this.#size = new ReadSize(options.maxRecordsPerRead);
    this.#position = options.start;
  }

  async read(signal: AbortSignal, admit: Admit): Promise<RetrievalBatch> {
    if (this.#ended) {
      throw new ConnectorError('ILLEGAL_STATE', `${this.#options.shardId} is read behind its end`);
    }
    const failures = { all: 0, bounded: 0 };
    for (;;) {
      try {
        return await this.#attempt(signal, admit);
      } catch (error) {
        throwIfAborted(signal);
        // Not at the first time: a child that has just been born may not be found yet, nor listed.
        const isGone =
          isConnectorError(error, 'KINESIS_SHARD_NOT_FOUND') && failures.bounded >= this.#options.numRetries;
        let problem = error;
        if (isGone) {
          try {
            const end = await this.#vanished(signal);
            if (end !== undefined) {
              return end;
            }
          } catch (unlisted) {
            throwIfAborted(signal);
            // Without a listing nothing is proven: it is that one which has to be tried again.
            problem = unlisted;
          }
        }
        await sleep(this.#options.clock, this.#heal(problem, failures), signal);
      }
    }
  }

  /**
   * The end of a shard that is no longer listed: it has passed its retention with everything in it (source: KCL
   * `ShutdownTask`). Undefined when it is listed.
   */
  async #vanished(signal: AbortSignal): Promise<RetrievalBatch | undefined> {
    const { kinesis, stream, shardId, observer } = this.#options;
    const childShards = await childrenOfVanished(shardId, () =>
      this.#timed(signal, (timed) => listAllShards(kinesis, stream, timed)),
    );
    throwIfAborted(signal);
    if (childShards === undefined) {
      return undefined;
    }
    this.#ended = true;
    observer?.vanished?.(shardId);
    return { records: [], millisBehindLatest: undefined, end: { childShards } };
  }

  close(): void {
    this.#ended = true;
    this.#iterator = undefined;
  }

  async #attempt(signal: AbortSignal, admit: Admit): Promise<RetrievalBatch> {
    const { clock } = this.#options;
    const wait = this.#pacing.next() - clock.monotonic();
    if (wait > 0) {
      await sleep(clock, wait, signal);
    }
    const iterator = this.#iterator ?? (await this.#startIterator(signal));
    throwIfAborted(signal);
    this.#iterator = iterator;
    this.#pacing.started(clock.monotonic());
    const { limit } = this.#size;
    const answer = await this.#getRecords(iterator, limit, signal, admit);
    const end = answer.nextIterator === undefined ? await this.#end(answer, signal) : undefined;
    throwIfAborted(signal);
    this.#take(answer, limit);
    const { records, millisBehindLatest, serviceTime } = answer;
    return { records, millisBehindLatest, serviceTime, end };
  }

  #startIterator(signal: AbortSignal): Promise<string> {
    const { kinesis, stream, shardId } = this.#options;
    return this.#called('getShardIterator', signal, (timed) =>
      kinesis.getShardIterator(stream, shardId, this.#position, { signal: timed }),
    );
  }

  #getRecords(iterator: string, limit: number, signal: AbortSignal, admit: Admit): Promise<RecordsAnswer> {
    const { kinesis, stream, clock } = this.#options;
    return this.#called('getRecords', signal, (timed, answered) =>
      kinesis.getRecords(
        stream,
        { iterator, limit },
        {
          signal: timed,
          admit: async (bytes) => {
            answered();
            const since = clock.monotonic();
            await admit(bytes);
            this.#waited += clock.monotonic() - since;
          },
        },
      ),
    );
  }

  async #called<T>(
    name: 'getRecords' | 'getShardIterator',
    signal: AbortSignal,
    call: (timed: AbortSignal, answered: () => void) => Promise<T>,
  ): Promise<T> {
    const { clock, observer } = this.#options;
    const since = clock.monotonic();
    this.#waited = 0;
    observer?.calling?.();
    const tell = (succeeded: boolean): void =>
      observer?.called?.(name, succeeded, clock.monotonic() - since - this.#waited);
    try {
      const answer = await this.#timed(signal, call);
      tell(true);
      return answer;
    } catch (error) {
      if (!signal.aborted) {
        tell(false);
      }
      throw error;
    }
  }

  async #end(
    answer: RecordsAnswer,
    signal: AbortSignal,
  ): Promise<{ childShards: RecordsAnswer['childShards'] }> {
    const { kinesis, stream, shardId } = this.#options;
    const childShards = await childrenAtEnd(shardId, answer.childShards, () =>
      this.#timed(signal, (timed) => listAllShards(kinesis, stream, timed)),
    );
    return { childShards };
  }

  #timed<T>(signal: AbortSignal, call: (timed: AbortSignal, answered: () => void) => Promise<T>): Promise<T> {
    const { clock, requestTimeout } = this.#options;
    const late = (): Error => new ConnectorError('AWS_TIMEOUT', `no answer within ${requestTimeout} ms`);
    return withDeadline(clock, requestTimeout, signal, late, call);
  }

  #take(answer: RecordsAnswer, limit: number): void {
    const last = answer.records.at(-1);
    if (last !== undefined) {
      this.#position = { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: last.sequenceNumber };
    }
    this.#iterator = answer.nextIterator;
    this.#ended = answer.nextIterator === undefined;
    const bytes = answer.records.reduce((sum, { data }) => sum + data.byteLength, 0);
    this.#size.answered(answer.records.length, bytes);
    this.#pacing.answered({
      records: answer.records.length,
      limit,
      millisBehindLatest: answer.millisBehindLatest,
    });
  }

  /**
   * Prepares another attempt.
   * @param failures of this read so far; counts this one.
   * @returns milliseconds to wait.
   * @throws `error` when it is not to be tried again.
   */
  #heal(error: unknown, failures: { all: number; bounded: number }): number {
    if (!isConnectorError(error) || !error.retryable) {
      throw error;
    }
    const { shardId, numRetries, observer } = this.#options;
    if (error.treatment === 'bounded' && ++failures.bounded > numRetries) {
      throw error;
    }
    if (NEEDS_ITERATOR.has(error.code)) {
      this.#iterator = undefined;
    }
    const wait = this.#waitAfter(error, failures.all++);
    if (error.code === 'AWS_THROTTLED') {
      observer?.throttled?.(shardId);
    } else if (error.code === 'KINESIS_ITERATOR_EXPIRED') {
      observer?.iteratorRenewed?.(shardId);
    }
    observer?.retried?.(shardId, error, failures.all, wait);
    return wait;
  }

  #waitAfter(error: ConnectorError, retries: number): number {
    const { backoff, random } = this.#options;
    if (error.code === 'KINESIS_ITERATOR_EXPIRED' && retries === 0) {
      return 0;
    }
    if (error.code === 'AWS_THROTTLED') {
      // A throttled call is no outage: the slower pace is the remedy, the jitter only spreads the readers.
      this.#pacing.throttled();
      return fullJitter(retries, { initialMs: this.#pacing.interval, maxMs: backoff.maxMs }, random);
    }
    return fullJitter(retries, backoff, random);
  }
}
