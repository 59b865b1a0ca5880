import { StreamExplorer } from '../explore/stream-explorer';
import { follow } from '../util/abort';
import { systemClock } from '../util/clock';
import { type LogFields, type Logger, silentLogger } from '../util/logger';
import { systemRandom } from '../util/random';
import type { CliIo } from './cli-io';
import { reportFailure } from './failure';
import { findPlace, type KinesisPlace, type PlaceFlags, settingsFor, streamFor } from './kinesis-place';
import { catchStopSignals } from './stop-signals';
import { printable } from './terminal-text';

/** Milliseconds that a command may take to end once it was stopped. */
const STOP_MS = 2000;

export interface ExplorerSession {
  readonly explorer: StreamExplorer;
  readonly place: KinesisPlace;
  readonly logger: Logger;
  /** Aborted by Ctrl-C, and when nobody reads the output any more. */
  readonly signal: AbortSignal;
}

/** A session about one stream. */
export interface StreamSession extends ExplorerSession {
  /** Name or ARN. */
  readonly stream: string;
}

/** Opens the place that the flags name, does `work`, closes. Never rejects. */
export function withExplorer(
  flags: PlaceFlags,
  io: CliIo,
  work: (session: ExplorerSession) => Promise<void>,
): Promise<void> {
  return inPlace(flags, io, (place, logger, signal) =>
    opened(place.aws, logger, (explorer) => work({ explorer, place, logger, signal })),
  );
}

/** The same for a stream, given or the one of the connector. Never rejects. */
export function withStream(
  flags: PlaceFlags,
  given: string | undefined,
  io: CliIo,
  work: (session: StreamSession) => Promise<void>,
): Promise<void> {
  return inPlace(flags, io, (place, logger, signal) => {
    const stream = streamFor(place, given);
    return opened(settingsFor(place, stream), logger, (explorer) =>
      work({ explorer, place, logger, signal, stream }),
    );
  });
}

async function inPlace(
  flags: PlaceFlags,
  io: CliIo,
  work: (place: KinesisPlace, logger: Logger, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { stop, limit, done } = catchStopSignals();
  const ended = new AbortController();
  const unfollow = [stop, ...(io.closed === undefined ? [] : [io.closed])].map((one) => follow(one, ended));
  try {
    limit(STOP_MS, silentLogger);
    const logger = notesLogger(io);
    await work(await findPlace(flags, io, ended.signal), logger, ended.signal);
  } catch (error) {
    reportFailure(error, io);
  } finally {
    for (const end of unfollow) {
      end();
    }
    done();
  }
}

async function opened(
  aws: KinesisPlace['aws'],
  logger: Logger,
  work: (explorer: StreamExplorer) => Promise<void>,
): Promise<void> {
  const explorer = new StreamExplorer({ aws, clock: systemClock, random: systemRandom, logger });
  try {
    await work(explorer);
  } finally {
    explorer.close();
  }
}

/** Warnings as sentences on standard error, for somebody who waits for an answer. */
function notesLogger(io: CliIo): Logger {
  const note = ({ code, reason, waitMs }: LogFields, message: string): void => {
    const wait = waitMs === undefined ? '' : ` (${String(waitMs)} ms)`;
    const why = reason === undefined ? '' : `${String(code ?? '')} ${String(reason)}: `;
    io.stderr(`Note: ${printable(`${why}${message}`)}${wait}\n`);
  };
  const logger: Logger = { ...silentLogger, warn: note, error: note, child: () => logger };
  return logger;
}
