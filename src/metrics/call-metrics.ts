import type { Instrument } from '../io';
import type { Clock } from '../util/clock';

/** Success (1 or 0) and duration of each piece of work of one kind: `X.Success` and `X.Time` of the KCL. */
export class CallMetrics {
  constructor(
    private readonly clock: Clock,
    private readonly success: Instrument,
    private readonly time?: Instrument,
  ) {}

  /** @param stop when it is aborted in the meantime the work counts neither as a success nor as a failure */
  async measure<T>(work: () => Promise<T>, stop?: AbortSignal): Promise<T> {
    const started = this.clock.monotonic();
    try {
      const result = await work();
      this.record(true, this.clock.monotonic() - started);
      return result;
    } catch (error) {
      if (!stop?.aborted) {
        this.record(false, this.clock.monotonic() - started);
      }
      throw error;
    }
  }

  /** @param ms duration */
  record(succeeded: boolean, ms: number): void {
    this.success.record(succeeded ? 1 : 0);
    this.time?.record(ms);
  }
}
