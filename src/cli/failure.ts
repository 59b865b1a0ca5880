import { ConfigError } from '../config';
import { explain, isConnectorError } from '../errors';
import type { CliIo } from './cli-io';

/** Exit codes of DESIGN §9. */
export const EXIT = { done: 0, config: 2, fatal: 3, undrained: 4 } as const;

/** Says on standard error what went wrong and what to do, and sets the exit code that goes with it. */
export function reportFailure(error: unknown, io: CliIo): void {
  if (error instanceof ConfigError) {
    io.stderr(`${error.message}\n`);
  } else {
    io.stderr(`${explain(error)}\n`);
  }
  io.setExitCode(isConnectorError(error) && error.treatment === 'config' ? EXIT.config : EXIT.fatal);
}
