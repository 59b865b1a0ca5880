import type { LoadedConfig } from '../config';
import type { RunOutcome } from '../runtime/run-outcome';
import { sleep, systemClock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { CliIo } from './cli-io';
import { DeliveryTally, type Tally } from './delivery-tally';
import { startProgress } from './progress';
import { rowNumber } from './quickstart-rows';
import { stopOnSignals } from './stop-signals';

/** Milliseconds between two looks at where records arrive, and without any until what is missing counts as lost. */
const LOOK_MS = 20;
const PATIENCE_MS = 30_000;

/** A numbered row as it arrived. */
export interface Arrival {
  readonly key: string | undefined;
  readonly value: Uint8Array;
}

/** How a direction went. */
export interface Result extends Tally {
  readonly seconds: number;
  readonly recordsPerSecond: number;
}

/** One direction: what moves the rows, and where to look at them on the other side. */
export interface Direction {
  /** For the progress bar, for example `delivering`. */
  readonly doing: string;
  /** Rows that should arrive. */
  readonly count: number;
  /** Runs the connector until it has caught up, or the signal. */
  run(signal: AbortSignal): Promise<RunOutcome>;
  /** What has come since the last call, in order. */
  arrivals(): Promise<readonly Arrival[]>;
  /** What is left once the connector has ended. */
  rest(): Promise<readonly Arrival[]>;
}

/** Runs one direction until everything has arrived, or nothing comes any more, and counts. */
export async function runDirection(
  direction: Direction,
  config: LoadedConfig,
  logger: Logger,
  io: CliIo,
  quiet: boolean,
): Promise<Result> {
  const { count } = direction;
  const { stop, done } = stopOnSignals(config.shutdownTimeoutMs, logger);
  const failed = new AbortController();
  const progress = startProgress(io, direction.doing, count, quiet);
  const tally = new DeliveryTally(count);
  const started = systemClock.monotonic();
  const running = direction.run(AbortSignal.any([stop, failed.signal]));
  let last = started;
  const take = (arrivals: readonly Arrival[]): void => {
    for (const { key, value } of arrivals) {
      tally.arrived(rowNumber(value), key ?? '');
    }
    progress.at(tally.delivered);
  };
  const counting = async (): Promise<void> => {
    while (tally.delivered < count && systemClock.monotonic() - last < PATIENCE_MS && !stop.aborted) {
      const arrivals = await direction.arrivals();
      take(arrivals);
      if (arrivals.length > 0) {
        last = systemClock.monotonic();
      } else {
        await sleep(systemClock, LOOK_MS);
      }
    }
  };
  try {
    await Promise.all([counting(), running]);
  } finally {
    failed.abort(new Error('the count has ended'));
    await running.catch(() => undefined);
    done();
  }
  // What came behind the last record that was missed counts as well: a duplicate, perhaps.
  take(await direction.rest());
  progress.done();
  const seconds = (last - started) / 1000;
  const result = tally.result();
  return {
    ...result,
    seconds: Math.round(seconds * 100) / 100,
    recordsPerSecond: Math.round(result.delivered / Math.max(seconds, 0.001)),
  };
}
