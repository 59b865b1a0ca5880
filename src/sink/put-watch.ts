import { ConnectorError } from '../errors';
import type { Watched } from '../util/watchdog';

export interface PutWatchOptions {
  readonly streamName: string;
  /** Milliseconds; 0: not watched. */
  readonly limit: number;
  /** Whether records wait to be stored. */
  pending(): boolean;
  /** Whether a request is under way. */
  underWay(): boolean;
}

/**
 * What the watchdog sees of a sink: that Kinesis accepts nothing of what it is sent. Reported only, since everything
 * is sent again anyway. Records that wait for a batch to fill, or for the rate that the sink keeps to, were not sent.
 */
export class PutWatch implements Watched {
  readonly part = 'writes';
  readonly limit: number;
  readonly #options: PutWatchOptions;
  #accepted = 0;
  /** Code of the newest refusal; undefined when there was none since something was accepted. */
  #refusal: string | undefined;

  constructor(options: PutWatchOptions) {
    this.#options = options;
    this.limit = options.limit;
  }

  due(): boolean {
    const { pending, underWay } = this.#options;
    return pending() && (this.#refusal !== undefined || underWay());
  }

  progress(): number {
    return this.#accepted;
  }

  problem(waited: number): Error {
    const { streamName } = this.#options;
    return new ConnectorError('SINK_STALLED', `${streamName} has accepted no record for ${waited} ms`, {
      expected: 'accepted records',
      found: this.#refusal ?? 'no answer',
    });
  }

  /** Something of a request was accepted. */
  accepted(): void {
    this.#accepted++;
    this.#refusal = undefined;
  }

  /** A request failed, or nothing of it was accepted. */
  refused(code: string): void {
    this.#refusal = code;
  }
}
