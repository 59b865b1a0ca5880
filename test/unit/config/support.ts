import type { CliIo } from '../../../src/cli/cli-io';
import { runProgram } from '../../../src/cli/program';
import { ConfigError, type ConfigProblem, type Environment } from '../../../src/config';

export const FIXTURES = 'test/fixtures/config';

/** An instant after every start time in the fixtures. */
export const NOW = Date.UTC(2026, 0, 1);

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs a command line of `config` as the program would. */
export async function runConfig(args: readonly string[], env: Environment = {}): Promise<CommandResult> {
  let stdout = '';
  let stderr = '';
  let exitCode = 0;
  const io: CliIo = {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    isTty: false,
    env,
    setExitCode: (code) => {
      exitCode = code;
    },
  };
  await runProgram(['config', ...args], io);
  return { stdout, stderr, exitCode };
}

/** The problems `action` throws; none when it does not throw. */
export function problemsOf(action: () => unknown): readonly ConfigProblem[] {
  try {
    action();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
}
