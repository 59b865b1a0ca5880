import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { systemClock } from '../../src/util/clock';
import { deferred } from '../../src/util/deferred';
import { Lines } from '../support/lines';
import type { ProcessEnd } from '../support/program-process';

const ROOT = resolve(__dirname, '../..');
/** What `run` says when its configuration is read and its health can be asked for. */
const UP = 'answering /live and /ready';
/** Level of an error in a line of the log. */
const ERROR_LEVEL = 50;
/** Beyond the time that a connector gives itself to stop. */
const STOP_LIMIT_MS = 40_000;

/** A paused process would outlive this one for ever. */
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) {
    child.kill('SIGKILL');
  }
});

export interface ConnectorProcessOptions {
  readonly name: string;
  readonly configFile: string;
  /** Behind `run -c FILE`. */
  readonly args?: readonly string[];
  /** Gets everything that it writes to standard error. */
  readonly logFile: string;
  /** One line of its output, whole; `at` in monotonic milliseconds. */
  readonly onLine: (line: string, at: number) => void;
}

/** `run` of the built connector as a process of its own, whose messages come through a pipe. */
export class ConnectorProcess {
  readonly name: string;
  /** Monotonic milliseconds. */
  readonly startedAt = systemClock.monotonic();
  /** Monotonic milliseconds at which it said that it is up: configuration read, nothing opened yet. */
  readonly up: Promise<number>;
  readonly ended: Promise<ProcessEnd>;
  /** Lines of its log that tell of an error. */
  readonly errors: string[] = [];
  readonly #child: ChildProcess;
  readonly #log: WriteStream;
  readonly #up = deferred<number>();
  #end: ProcessEnd | undefined;
  /** How its end was asked for; any other end breaks a promise. */
  #asked: 'kill' | 'stop' | undefined;
  #paused = false;

  constructor({ name, configFile, args = [], logFile, onLine }: ConnectorProcessOptions) {
    this.name = name;
    const command = ['dist/cli/main.js', 'run', '-c', configFile, ...args];
    this.#child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    alive.add(this.#child);
    this.#log = createWriteStream(logFile);
    // A message cut off by a kill was not stored.
    const output = new Lines((line) => onLine(line, systemClock.monotonic()));
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => output.add(text));
    const log = new Lines((line) => this.#logged(line));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => log.add(text));
    this.up = this.#up.promise;
    this.up.catch(() => undefined);
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      alive.delete(this.#child);
      this.#log.end();
      this.#up.reject(new Error(`${name} ended before it was up`));
      this.#end = { code, signal };
      return this.#end;
    });
  }

  /** Whether it is there and nobody has asked it to end; it may be paused. */
  get running(): boolean {
    return this.#end === undefined && this.#asked === undefined;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** How it ended when nobody had asked for it. */
  get crash(): ProcessEnd | undefined {
    return this.#asked === undefined ? this.#end : undefined;
  }

  /** Whether it was to stop gracefully and did not drain, or not in time. */
  get undrained(): boolean {
    return this.#asked === 'stop' && this.#end !== undefined && this.#end.code !== 0;
  }

  /** @returns monotonic milliseconds of the signal */
  kill(): number {
    this.#asked ??= 'kill';
    this.#child.kill('SIGKILL');
    return systemClock.monotonic();
  }

  /** Resolves when it has drained and ended, or was killed because it did not. */
  async stop(): Promise<void> {
    this.#asked = 'stop';
    this.#child.kill('SIGTERM');
    const limit = systemClock.setTimer(() => this.#child.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.ended;
    systemClock.clearTimer(limit);
  }

  pause(): void {
    this.#paused = true;
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#paused = false;
    this.#child.kill('SIGCONT');
  }

  #logged(line: string): void {
    this.#log.write(`${line}\n`);
    if (line.includes(UP)) {
      this.#up.resolve(systemClock.monotonic());
    }
    const [, level] = /^\{"level":(\d+),/.exec(line) ?? [];
    if (Number(level) >= ERROR_LEVEL) {
      this.errors.push(line);
    }
  }
}
