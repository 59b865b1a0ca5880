import type { RecordsAnswer } from '../aws/kinesis-api';
import { ConnectorError, type ErrorCode } from '../errors';
import type { FixedPosition } from '../stream/iterator-position';
import { throwIfAborted } from '../util/abort';
import { fullJitter } from '../util/backoff';
import { sleep } from '../util/clock';
import { Pacing } from './pacing';
import { readPatiently } from './patient-read';
import type { PollingReaderOptions } from './polling-reader-options';
import { ReadSize } from './read-size';
import { ReaderCalls } from './reader-calls';
import type { Admit, RetrievalBatch, ShardReader } from './retrieval';
import { childrenAtEnd } from './shard-end';

/** Errors after which the iterator in hand leads nowhere. Source: KCL `KinesisDataFetcher.restartIterator`. */
const NEEDS_ITERATOR: ReadonlySet<ErrorCode> = new Set([
  'KINESIS_ITERATOR_EXPIRED',
  'KINESIS_POSITION_REFUSED',
  'KINESIS_SHARD_END_UNPROVEN',
]);

const admitted = async (): Promise<void> => undefined;

/** Opens a reader of one shard by GetRecords. No call is made before the first `read`. */
export function openPollingReader(options: PollingReaderOptions): ShardReader {
  return new PollingReader(options);
}

class PollingReader implements ShardReader {
  readonly #options: PollingReaderOptions;
  readonly #calls: ReaderCalls;
  readonly #pacing: Pacing;
  readonly #size: ReadSize;
  /** Behind the last record handed out, or the start. */
  #position: FixedPosition;
  #iterator: string | undefined;
  #ended = false;

  constructor(options: PollingReaderOptions) {
    this.#options = options;
    this.#calls = new ReaderCalls(options);
    this.#pacing = new Pacing(options.maxReadsPerSecond);
    this.#size = new ReadSize(options.maxRecordsPerRead);
    this.#position = options.start;
  }

  async read(signal: AbortSignal, admit: Admit): Promise<RetrievalBatch> {
    if (this.#ended) {
      throw new ConnectorError('ILLEGAL_STATE', `${this.#options.shardId} is read behind its end`);
    }
    const batch = await readPatiently(
      {
        ...this.#options,
        calls: this.#calls,
        attempt: () => this.#attempt(signal, admit),
        waitAfter: (error, retries) => this.#waitAfter(error, retries),
      },
      signal,
    );
    this.#ended ||= batch.end !== undefined;
    return batch;
  }

  close(): void {
    this.#ended = true;
    this.#iterator = undefined;
  }

  async #attempt(signal: AbortSignal, admit: Admit): Promise<RetrievalBatch> {
    const { clock, shardId } = this.#options;
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
    let end: RetrievalBatch['end'];
    if (answer.nextIterator === undefined) {
      const childShards = await childrenAtEnd(shardId, answer.childShards, () => this.#calls.list(signal));
      end = { childShards };
    }
    throwIfAborted(signal);
    this.#take(answer, limit);
    const { records, millisBehindLatest, serviceTime } = answer;
    return { records, millisBehindLatest, serviceTime, end };
  }

  #startIterator(signal: AbortSignal): Promise<string> {
    const { kinesis, stream, shardId } = this.#options;
    return this.#calls.make('getShardIterator', signal, admitted, (timed) =>
      kinesis.getShardIterator(stream, shardId, this.#position, { signal: timed }),
    );
  }

  #getRecords(iterator: string, limit: number, signal: AbortSignal, admit: Admit): Promise<RecordsAnswer> {
    const { kinesis, stream } = this.#options;
    return this.#calls.make('getRecords', signal, admit, (timed, asked) =>
      kinesis.getRecords(stream, { iterator, limit }, { signal: timed, admit: asked }),
    );
  }

  #take(answer: RecordsAnswer, limit: number): void {
    const last = answer.records.at(-1);
    if (last !== undefined) {
      this.#position = { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: last.sequenceNumber };
    }
    this.#iterator = answer.nextIterator;
    const bytes = answer.records.reduce((sum, { data }) => sum + data.byteLength, 0);
    this.#size.answered(answer.records.length, bytes);
    this.#pacing.answered({
      records: answer.records.length,
      limit,
      millisBehindLatest: answer.millisBehindLatest,
    });
  }

  #waitAfter(error: ConnectorError, retries: number): number {
    const { backoff, random, shardId, observer } = this.#options;
    if (NEEDS_ITERATOR.has(error.code)) {
      this.#iterator = undefined;
    }
    if (error.code === 'KINESIS_ITERATOR_EXPIRED') {
      observer?.iteratorRenewed?.(shardId);
      if (retries === 0) {
        return 0;
      }
    }
    if (error.code === 'AWS_THROTTLED') {
      // A throttled call is no outage: the slower pace is the remedy, the jitter only spreads the readers.
      this.#pacing.throttled();
      return fullJitter(retries, { initialMs: this.#pacing.interval, maxMs: backoff.maxMs }, random);
    }
    return fullJitter(retries, backoff, random);
  }
}
