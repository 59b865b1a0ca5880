import type { KinesisApi, StreamRef } from '../aws/kinesis-api';
import { type RetryPolicy, retrying } from '../aws/retry';
import { abortable } from '../util/abort';
import { Gate } from '../util/gate';

const HOUR_MS = 3_600_000;

/** Resolution of a Date header, milliseconds. */
const DATE_MS = 1000;

/** Milliseconds for which a retention once asked for counts: shards that begin together ask together. */
const FRESH_MS = 30_000;

/** Milliseconds for which Kinesis keeps every record at least. Source: Kinesis API, DecreaseStreamRetentionPeriod. */
export const LEAST_RETENTION_MS = 24 * HOUR_MS;

/** What a stream keeps. */
export interface Retention {
  /** Time of the service, not earlier than it is; milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds that records are kept. */
  readonly ms: number;
}

interface Answer {
  readonly serviceTime: number;
  readonly ms: number;
  /** Monotonic instant of the call. */
  readonly askedAt: number;
}

/**
 * What of a stream may be trimmed by now. Kinesis does not tell where it has trimmed to, and it trims late; what it does
 * promise is the retention. So `now − ms` is an upper bound: whatever arrived since is still there.
 */
export class TrimHorizon {
  readonly #gate = new Gate(1);
  #answer: Answer | undefined;

  constructor(
    private readonly kinesis: Pick<KinesisApi, 'describeStream'>,
    private readonly stream: StreamRef,
    private readonly retry: RetryPolicy,
  ) {}

  /** @throws ConnectorError of DescribeStreamSummary; the signal's reason */
  async look(signal: AbortSignal): Promise<Retention> {
    const { clock } = this.retry;
    const { serviceTime, ms, askedAt } = await abortable(
      this.#gate.run(() => this.#fresh(signal)),
      signal,
    );
    return { now: serviceTime + DATE_MS + clock.monotonic() - askedAt, ms };
  }

  async #fresh(signal: AbortSignal): Promise<Answer> {
    const { clock } = this.retry;
    if (this.#answer === undefined || clock.monotonic() - this.#answer.askedAt >= FRESH_MS) {
      let askedAt = clock.monotonic();
      const { serviceTime = clock.now(), retentionHours } = await retrying(this.retry, signal, () => {
        askedAt = clock.monotonic();
        return this.kinesis.describeStream(this.stream, { signal });
      });
      this.#answer = { serviceTime, ms: retentionHours * HOUR_MS, askedAt };
    }
    return this.#answer;
  }
}
