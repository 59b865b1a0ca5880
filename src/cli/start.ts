import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { processEnvironment } from '../config';
import { systemClock } from '../util/clock';
import { boundHeapGrowth } from '../util/heap';
import type { CliIo } from './cli-io';
import { runProgram } from './program';

/** Milliseconds that something which does not end keeps the process going behind the end of its command. */
const END_MS = 2000;

/** Runs the command line of this process. */
export async function start(): Promise<void> {
  boundHeapGrowth();

  // Standard error is for our log; that the AWS SDK will want a newer Node one day is no news to who runs this.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (!warning.message.startsWith('NodeVersionSupportWarning')) {
      process.stderr.write(`${warning.name}: ${warning.message}\n`);
    }
  });

  const closed = new AbortController();
  const io: CliIo = {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    isTty: process.stderr.isTTY === true,
    ...(process.stdout.isTTY && { columns: process.stdout.columns }),
    closed: closed.signal,
    drained: () => drained(closed.signal),
    ...(process.stdin.isTTY && { ask }),
    env: processEnvironment(),
    setExitCode: (code) => {
      process.exitCode = code;
    },
  };

  // A reader that has seen enough (| head) is no failure; what depends on the output finds out by itself.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') {
      throw error;
    }
    closed.abort(error);
  });

  await runProgram(process.argv.slice(2), io);
  const end = systemClock.setTimer(() => process.exit(), END_MS) as NodeJS.Timeout;
  end.unref();
}

/** Resolves at once when `closed` is aborted: whoever read is gone. */
async function drained(closed: AbortSignal): Promise<void> {
  if (process.stdout.writableNeedDrain && !closed.aborted) {
    await once(process.stdout, 'drain', { signal: closed }).catch(() => undefined);
  }
}

async function ask(question: string): Promise<string> {
  // Not as a terminal: Ctrl-C then is a signal like any other.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
