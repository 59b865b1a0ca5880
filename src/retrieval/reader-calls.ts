import { listAllShards } from '../aws/list-shards';
import { ConnectorError } from '../errors';
import type { Shard } from '../stream/shard';
import { withDeadline } from '../util/deadline';
import type { Admit, RetrievalCall } from './retrieval';
import type { ShardReaderOptions } from './shard-reader-options';

export type ReaderCallsOptions = Pick<
  ShardReaderOptions,
  'kinesis' | 'stream' | 'requestTimeout' | 'clock' | 'observer'
>;

/** The calls of one reader, one at a time: each limited in time, and told to its observer. */
export class ReaderCalls {
  readonly #options: ReaderCallsOptions;

  constructor(options: ReaderCallsOptions) {
    this.#options = options;
  }

  /**
   * @param work gets the signal that ends the call, and `admit` as the call is to ask it: what waits for room has been
   * answered, so it is no longer late
   * @param limit milliseconds until the answer
   * @throws ConnectorError AWS_TIMEOUT; what the work throws; the signal's reason
   */
  async make<T>(
    name: RetrievalCall,
    signal: AbortSignal,
    admit: Admit,
    work: (timed: AbortSignal, admit: Admit) => Promise<T>,
    limit = this.#options.requestTimeout,
  ): Promise<T> {
    const { clock, observer } = this.#options;
    const since = clock.monotonic();
    let waited = 0;
    const tell = (succeeded: boolean): void =>
      observer?.called?.(name, succeeded, clock.monotonic() - since - waited);
    observer?.calling?.();
    try {
      const answer = await this.#timed(signal, limit, (timed, answered) =>
        work(timed, async (bytes) => {
          answered();
          const asked = clock.monotonic();
          await admit(bytes);
          waited += clock.monotonic() - asked;
        }),
      );
      tell(true);
      return answer;
    } catch (error) {
      if (!signal.aborted) {
        tell(false);
      }
      throw error;
    }
  }

  /** Every shard of the stream. @throws ConnectorError; the signal's reason */
  list(signal: AbortSignal): Promise<Shard[]> {
    const { kinesis, stream, requestTimeout } = this.#options;
    return this.#timed(signal, requestTimeout, (timed) => listAllShards(kinesis, stream, timed));
  }

  #timed<T>(
    signal: AbortSignal,
    limit: number,
    work: (timed: AbortSignal, answered: () => void) => Promise<T>,
  ): Promise<T> {
    const late = (): Error => new ConnectorError('AWS_TIMEOUT', `no answer within ${limit} ms`);
    return withDeadline(this.#options.clock, limit, signal, late, work);
  }
}
