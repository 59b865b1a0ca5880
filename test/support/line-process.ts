import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { Lines } from './lines';
import type { ProcessEnd } from './program-process';

const ROOT = resolve(__dirname, '../..');
const LOG_LIMIT = 256 * 1024;

/** A program in a process of its own that writes one JSON value a line to standard output. */
export class LineProcess {
  readonly name: string;
  readonly #ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #log = '';
  #end: ProcessEnd | undefined;
  #asked = false;

  constructor(name: string, command: string, args: readonly string[], onValue: (value: unknown) => void) {
    this.name = name;
    this.#child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = new Lines((line) => onValue(JSON.parse(line)));
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => lines.add(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-LOG_LIMIT);
    });
    this.#ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#end = { code, signal };
      return this.#end;
    });
  }

  /** End of its standard error. */
  get log(): string {
    return this.#log;
  }

  /** How it ended when nobody had asked for it. */
  get crash(): ProcessEnd | undefined {
    return this.#asked ? undefined : this.#end;
  }

  /** Resolves when it has ended by itself, as it should. */
  end(): Promise<ProcessEnd> {
    this.#asked = true;
    return this.#ended;
  }

  /** Sends `signal`; resolves when the process has ended and everything it wrote was read. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<ProcessEnd> {
    this.#child.kill(signal);
    return this.end();
  }
}
