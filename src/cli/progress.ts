import { Presets, SingleBar } from 'cli-progress';
import type { CliIo } from './cli-io';

/** Progress of a long piece of work. */
export interface Progress {
  at(value: number): void;
  done(): void;
  /** Ends it where it is. */
  stop(): void;
}

const nothing = (): void => undefined;
const SILENT: Progress = { at: nothing, done: nothing, stop: nothing };

/** A bar on standard error when that is a terminal; a line at start and end otherwise, none when `quiet`. */
export function startProgress(io: CliIo, label: string, total: number, quiet: boolean): Progress {
  if (quiet) {
    return SILENT;
  }
  if (!io.isTty) {
    io.stderr(`${label} ${total} …\n`);
    return SILENT;
  }
  const bar = new SingleBar(
    {
      format: `${label.padEnd(11)} {bar} {percentage}% | {value}/{total}`,
      stream: process.stderr,
      hideCursor: true,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return {
    at: (value) => bar.update(value),
    done: () => {
      bar.update(total);
      bar.stop();
    },
    stop: () => bar.stop(),
  };
}
