import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { runProgram } from '../../src/cli/program';
import { sleep, systemClock } from '../../src/util/clock';

const ROOT = resolve(__dirname, '../..');
const COMMAND = 'pulsar-io-kinesis';
const WAIT_MS = 30_000;
const LOOK_MS = 50;

/** One command of a page, and what it says that the command prints. */
export interface Step {
  readonly command: string;
  readonly shown: string;
  /** `# exit code 2` behind the command; 0 when it says nothing. */
  readonly code: number;
}

/** The commands of a `console` block: lines that begin with `$`, each with the lines that follow. */
export function stepsOf(block: string): Step[] {
  return [...block.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)].map(([, line = '', shown = '']) => {
    const [, command = '', code = '0'] = /^(.*?)\s*(?:# exit code (\d))?$/.exec(line) ?? [];
    return { command, shown, code: Number(code) };
  });
}

/**
 * Whether a text is what a page shows: `…` in a line is any text, `…` alone any lines, and columns may be wider or
 * narrower.
 */
export function isShown(shown: string, text: string): boolean {
  const wanted = linesOf(shown);
  const found = linesOf(text);
  let at = 0;
  let next = 0;
  // Behind the newest `…`, and how many lines that one has taken.
  let retry: { wanted: number; found: number } | undefined;
  while (next < found.length) {
    const line = wanted[at];
    if (line === '…') {
      at += 1;
      retry = { wanted: at, found: next };
    } else if (line !== undefined && isLine(line, found[next] ?? '')) {
      at += 1;
      next += 1;
    } else if (retry !== undefined) {
      retry.found += 1;
      at = retry.wanted;
      next = retry.found;
    } else {
      return false;
    }
  }
  return wanted.slice(at).every((line) => line === '…');
}

const linesOf = (text: string): string[] =>
  text
    .replace(/\n$/, '')
    .replace(/ +/g, ' ')
    .split('\n')
    .map((line) => line.trimEnd());

function isLine(shown: string, line: string): boolean {
  const pattern = shown.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/…/g, '.*');
  return new RegExp(`^${pattern}$`).test(line);
}

/**
 * Runs the commands of a page in a folder, as somebody would who types them: `&` leaves one in the background, and
 * `kill %N` ends the Nth of these. What is nothing but a command of ours runs in this process, which is faster; all else
 * in a shell.
 */
export class ConsoleSession {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #jobs: { readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = [];

  constructor(folder: string, env: { readonly [name: string]: string }) {
    this.#folder = folder;
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const program = [
      process.execPath,
      '-r',
      join(ROOT, 'scripts/typescript.cjs'),
      join(ROOT, 'src/cli/main.ts'),
    ];
    writeFileSync(join(bin, COMMAND), `#!/bin/sh\nexec ${program.map((it) => `'${it}'`).join(' ')} "$@"\n`);
    chmodSync(join(bin, COMMAND), 0o755);
    const path = [bin, join(process.execPath, '..'), process.env.PATH].join(delimiter);
    this.#env = { ...process.env, ...env, PATH: path };
  }

  /** @throws when it prints something else than the page shows, or ends with another code. */
  async run({ command, shown, code }: Step): Promise<void> {
    const [, job] = /^kill %(\d)$/.exec(command) ?? [];
    if (job !== undefined) {
      await this.#end(Number(job) - 1);
      return;
    }
    if (command.endsWith(' &')) {
      await this.#begin(command.slice(0, -2), shown);
      return;
    }
    const deadline = systemClock.monotonic() + WAIT_MS;
    // What a connector in the background has got to is looked at until it is there.
    const patient = /^(wc|pulsar-io-kinesis (status|streams))\b/.test(command);
    for (;;) {
      const found = await (/[<>|]/.test(command) || !command.startsWith(COMMAND)
        ? this.#inShell(command)
        : this.#here(command));
      if (isShown(shown, found.text) && found.code === code) {
        return;
      }
      if (!patient || systemClock.monotonic() > deadline) {
        throw new Error(
          `$ ${command}\n${found.text}\nended with ${found.code}; the page shows ${code} and\n${shown}`,
        );
      }
      await sleep(systemClock, LOOK_MS);
    }
  }

  /** Ends what is still there. */
  async close(): Promise<void> {
    await Promise.all(this.#jobs.map((_, at) => this.#end(at)));
  }

  async #here(command: string): Promise<{ text: string; code: number }> {
    const [, ...args] = command.split(' ');
    const inFolder = (arg: string): string => (/\.(yaml|json)$/.test(arg) ? join(this.#folder, arg) : arg);
    let text = '';
    let code = 0;
    const write = (more: string): void => {
      text += more;
    };
    await runProgram(args.map(inFolder), {
      stdout: write,
      stderr: write,
      isTty: false,
      env: this.#env,
      setExitCode: (given) => {
        code = given;
      },
    });
    return { text: text.replaceAll(`${this.#folder}/`, ''), code };
  }

  async #inShell(command: string): Promise<{ text: string; code: number }> {
    const child = this.#spawn(command);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
    }
    const [code] = await once(child, 'close');
    return { text, code };
  }

  /** Resolves when what the page shows is there. */
  async #begin(command: string, shown: string): Promise<void> {
    const child = this.#spawn(`exec ${command}`);
    const ended = once(child, 'close');
    this.#jobs.push({ child, ended });
    let text = '';
    const shows = new Promise<boolean>((found) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (more: string) => {
          text += more;
          if (isShown(shown, text)) {
            found(true);
          }
        });
      }
    });
    const over = new AbortController();
    const late = sleep(systemClock, WAIT_MS, over.signal).catch(() => undefined);
    const there = await Promise.race([shows, ended.then(() => false), late.then(() => false)]);
    over.abort();
    if (!there) {
      throw new Error(`$ ${command} &\n${text}\nthe page shows\n${shown}`);
    }
  }

  async #end(at: number): Promise<void> {
    const job = this.#jobs[at];
    job?.child.kill('SIGTERM');
    await job?.ended;
  }

  #spawn(command: string): ChildProcess {
    return spawn('/bin/sh', ['-c', command], {
      cwd: this.#folder,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}
