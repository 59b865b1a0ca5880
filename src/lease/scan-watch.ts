import { ConnectorError } from '../errors';
import { abortable, follow } from '../util/abort';
import type { Watched } from '../util/watchdog';

/**
 * The scans of the lease table, as the watchdog sees them. One that gets no answer is given up, and made again by
 * whoever asked for it; scans that fail are reported. A slow one that goes on from page to page is not given up.
 */
export class ScanWatch {
  /** The scan under way, and what comes of them. */
  readonly parts: readonly Watched[];
  #call: AbortController | undefined;
  #answers = 0;
  #successes = 0;
  #failing = false;

  /** @param limit milliseconds; 0: for ever */
  constructor(limit: number) {
    const stalled = (what: string, waited: number): Error =>
      new ConnectorError('TAKER_STALLED', `no scan of the lease table has ${what} for ${waited} ms`);
    this.parts = [
      {
        part: 'lease table scan',
        limit,
        due: () => this.#call !== undefined,
        progress: () => this.#answers,
        problem: (waited) => stalled('got on', waited),
        restart: (problem) => this.#call?.abort(problem),
      },
      {
        part: 'lease table scans',
        limit,
        due: () => this.#failing,
        progress: () => this.#successes,
        problem: (waited) => stalled('succeeded', waited),
      },
    ];
  }

  /** @throws what the scan throws; ConnectorError TAKER_STALLED; the signal's reason */
  async run<T>(
    signal: AbortSignal,
    scan: (limit: AbortSignal, onPage: () => void) => Promise<T>,
  ): Promise<T> {
    const call = new AbortController();
    const unfollow = follow(signal, call);
    this.#call = call;
    const onAnswer = (): void => {
      this.#answers++;
    };
    try {
      const answer = await abortable(scan(call.signal, onAnswer), call.signal);
      onAnswer();
      this.#failing = false;
      this.#successes++;
      return answer;
    } catch (error) {
      // One that was given up has a report of its own.
      this.#failing ||= !call.signal.aborted;
      throw error;
    } finally {
      unfollow();
      this.#call = undefined;
    }
  }
}
