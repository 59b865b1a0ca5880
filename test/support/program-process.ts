import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { type Clock, systemClock, type TimerHandle } from '../../src/util/clock';

const ROOT = resolve(__dirname, '../..');
const SAMPLE_MS = 100;
const LOG_LIMIT = 256 * 1024;

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A Node program of this project in a process of its own, whose memory is watched. */
export class ProgramProcess {
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #lines: AsyncIterator<string>;
  #log = '';
  #peakRss = 0;
  #sampler: TimerHandle;

  constructor(args: readonly string[], clock: Clock = systemClock) {
    this.#clock = clock;
    this.#child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#lines = linesOf(this.#child)[Symbol.asyncIterator]();
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-LOG_LIMIT);
    });
    this.#sampler = clock.setTimer(this.#sample, SAMPLE_MS);
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      clock.clearTimer(this.#sampler);
      return { code, signal };
    });
  }

  /** End of its standard error: the connector's log. */
  get log(): string {
    return this.#log;
  }

  /** The next line of its standard output, read as JSON. @throws when the process ended without one. */
  async hear<T>(): Promise<T> {
    const { done, value } = await this.#lines.next();
    if (done) {
      throw new Error(`the program ended before it said anything:\n${this.#log}`);
    }
    return JSON.parse(value) as T;
  }

  /** Largest resident set seen up to now, bytes. */
  get peakRss(): number {
    return this.#peakRss;
  }

  /** Sends `signal` and resolves when the process has ended. */
  stop(signal: NodeJS.Signals): Promise<ProcessEnd> {
    this.#child.kill(signal);
    return this.ended;
  }

  readonly #sample = (): void => {
    this.#peakRss = Math.max(this.#peakRss, residentBytes(this.#child.pid));
    this.#sampler = this.#clock.setTimer(this.#sample, SAMPLE_MS);
  };
}

function linesOf(child: ChildProcess): Interface {
  if (child.stdout === null) {
    throw new Error('standard output is not piped');
  }
  return createInterface({ input: child.stdout });
}

/** Resident set of a process by Linux's /proc, bytes; 0 when it has ended. */
function residentBytes(pid: number | undefined): number {
  try {
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kib ?? 0) * 1024;
  } catch {
    return 0;
  }
}
