import { ConfigError } from '../config';
import { explain, isConnectorError } from '../errors';
import type { CliIo } from './cli-io';
import { printable } from './terminal-text';

/** Exit codes of DESIGN §9. */
export const EXIT = { done: 0, config: 2, fatal: 3, undrained: 4 } as const;

/** Says on standard error what went wrong and what to do, and sets the exit code that goes with it. */
export function reportFailure(error: unknown, io: CliIo): void {
  if (error instanceof ConfigError) {
    io.stderr(`${error.message.split('\n').map(printable).join('\n')}\n`);
  } else {
    // What was found may be somebody else's: the name of a worker, an answer of a server.
    io.stderr(`${printable(explain(error))}\n`);
  }
  io.setExitCode(isConnectorError(error) && error.treatment === 'config' ? EXIT.config : EXIT.fatal);
}
