import { runProgram } from '../../src/cli/program';

export interface CliResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface CliSurroundings {
  /** Of the terminal that standard output is; it is none when absent. */
  readonly columns?: number;
  /** Told everything that is written to standard output, as it comes. */
  readonly onOutput?: (text: string) => void;
  readonly closed?: AbortSignal;
  readonly answer?: string | (() => Promise<string>);
}

/** Runs one command line in this process. */
export async function runCli(args: readonly string[], around: CliSurroundings = {}): Promise<CliResult> {
  const { columns, onOutput, closed, answer } = around;
  const out: string[] = [];
  const err: string[] = [];
  let code = -1;
  await runProgram(args, {
    stdout: (text) => {
      out.push(text);
      onOutput?.(text);
    },
    stderr: (text) => err.push(text),
    isTty: false,
    ...(columns !== undefined && { columns }),
    ...(closed !== undefined && { closed }),
    ...(answer !== undefined && { ask: async () => (typeof answer === 'string' ? answer : answer()) }),
    env: {},
    setExitCode: (given) => {
      code = given;
    },
  });
  return { stdout: out.join(''), stderr: err.join(''), code };
}
