import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(__dirname, '..');
const LOG_LIMIT = 64 * 1024;
/** Length of a tick of /proc, seconds. Source: Linux, USER_HZ. */
const TICK_SECONDS = 0.01;

/** A program of whatever language whose CPU time is looked at from outside: the same meter for every client. */
export class ClientProcess {
  readonly #child: ChildProcess;
  #log = '';

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-LOG_LIMIT);
      });
    }
    this.#child.on('error', (error) => {
      this.#log += error.message;
    });
  }

  /** User and system time of all its threads, seconds. @throws when it has ended */
  cpuSeconds(): number {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      throw new Error(`${this.#child.spawnfile} has ended:\n${this.#log}`);
    }
    const text = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    // Behind the name, which may hold spaces: state is the third field, utime the fourteenth.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await ended;
    }
  }
}
