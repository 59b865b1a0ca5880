import { ConnectorError } from '../errors';
import type { Watchdog, Watched } from '../util/watchdog';
import { transportError } from './retry-rule';

/** How a lane is watched. */
export interface LaneWatch {
  readonly watchdog: Watchdog;
  /** Name of the lane among the parts of its instance. */
  readonly part: string;
  /** Milliseconds without a receipt; 0: never. */
  readonly limit: number;
}

/** What the watchdog needs of a lane. */
export interface WatchedLane {
  /** Whether a producer or a receipt is waited for. */
  readonly awaitsPulsar: boolean;
  /** Records confirmed or refused. */
  readonly settled: number;
  /** Ends its producer: sending starts again from the first unconfirmed record. */
  failed(problem: ConnectorError): void;
}

/**
 * Watches a lane for receipts that stay out, whatever the reason: a transport that hangs is given another producer,
 * one that says that it fails is tried again by the lane itself, and both are reported.
 * @returns ends the watch.
 */
export function watchLane(lane: WatchedLane, { watchdog, part, limit }: LaneWatch): () => void {
  const watched: Watched = {
    part,
    limit,
    due: () => lane.awaitsPulsar,
    progress: () => lane.settled,
    problem: (waited) => new ConnectorError('SEND_STALLED', `Pulsar has confirmed nothing for ${waited} ms`),
    restart: (problem) => lane.failed(transportError(problem)),
  };
  return watchdog.watch(watched);
}
