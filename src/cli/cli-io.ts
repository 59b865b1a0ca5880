import type { Environment } from '../config';

/** The surroundings of a command, as a parameter: the process itself, or a test. */
export interface CliIo {
  /** Data and `--json`; nothing else goes there. */
  stdout(text: string): void;
  /** Logs, progress and messages for people. */
  stderr(text: string): void;
  /** Whether standard error is a terminal. */
  readonly isTty: boolean;
  /** Columns of the terminal that standard output is; absent when it is none. */
  readonly columns?: number;
  /** Aborted when nobody reads standard output any more. */
  readonly closed?: AbortSignal;
  /** Resolves when standard output has taken what it was given, or will take no more. */
  drained?(): Promise<void>;
  /** Asks who sits at the terminal; absent when nobody does. */
  ask?(question: string): Promise<string>;
  readonly env: Environment;
  /** Exit code of the process once the command is through: 0 done, 2 configuration or usage, 3 fatal, 4 not drained. */
  setExitCode(code: number): void;
}
