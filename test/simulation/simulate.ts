import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { Presets, SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { live } from '../support/fleet/lives';
import { type BrokenLife, type LivesTold, report, type SeedRange } from './seeds';

/** Seeds that a process gets at a time. */
const PORTION = 50;
const EXAMPLES = `
Examples:
  npm run simulate -- --seeds 100000                  over all cores; exit code 1 when a promise was broken
  npm run simulate -- --seeds 5000 --first-seed 9000
  npm run simulate -- --replay 42 --full              one life again, event by event
`;

/** Broken lives of which the report shows the problem. */
const MOST_SHOWN = 20;

interface Options {
  readonly seeds: number;
  readonly firstSeed: number;
  readonly replay?: number;
  readonly full?: boolean;
  readonly json?: boolean;
}

/** Repeats one life and tells what happened in it. @returns the exit code */
async function replay(seed: number, { full = false, json = false }: Options): Promise<number> {
  const life = await live(seed);
  const { kind, history } = life;
  const problems = history.problems.map(({ what }) => what);
  const events = full ? history.lines() : history.short();
  if (json) {
    print(JSON.stringify({ seed, kind, digest: history.digest(), problems, history: events }));
  } else {
    print(`seed ${seed}: ${kind}; history ${history.digest().slice(0, 16)}`);
    print(...events, ...(problems.length > 0 ? problems : ['nothing is broken']));
  }
  return problems.length === 0 ? 0 : 1;
}

/** Lives all of `seeds`, over all cores. @returns the exit code */
async function simulate({ seeds, firstSeed, json = false }: Options): Promise<number> {
  const startedAt = performance.now();
  const bar = progress(seeds);
  const portions: SeedRange[] = [];
  for (let first = firstSeed; first < firstSeed + seeds; first += PORTION) {
    portions.push({ first, count: Math.min(PORTION, firstSeed + seeds - first) });
  }
  const told: LivesTold[] = [];
  const done = (some: LivesTold): void => {
    told.push(some);
    bar.update(told.reduce((sum, { lives }) => sum + lives, 0));
  };
  const processes = Math.min(availableParallelism(), portions.length);
  try {
    await Promise.all(Array.from({ length: processes }, () => runPortions(portions, done)));
  } finally {
    bar.stop();
  }
  const all = report(told);
  const seconds = (performance.now() - startedAt) / 1000;
  if (json) {
    print(JSON.stringify({ seeds, firstSeed, seconds, ...all }));
  } else {
    print(...all.broken.slice(0, MOST_SHOWN).map(lineOf));
    print(
      `${all.lives} lives of ${(all.virtualMs / 3_600_000).toFixed(1)} hours with ${all.records} records in ` +
        `${seconds.toFixed(0)} s; broken: ${all.broken.length}`,
    );
  }
  return all.broken.length === 0 ? 0 : 1;
}

/** One process after the other portion, until none is left. */
function runPortions(portions: SeedRange[], done: (told: LivesTold) => void): Promise<void> {
  const child: ChildProcess = fork(require.resolve('./simulate-portions.ts'), {
    execArgv: ['--enable-source-maps', '-r', require.resolve('../../scripts/typescript.cjs')],
  });
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const portion = portions.shift();
      if (portion === undefined) {
        child.disconnect();
        resolve();
      } else {
        child.send(portion);
      }
    };
    child.on('message', (told: LivesTold) => {
      done(told);
      next();
    });
    child.on('error', reject);
    child.on(
      'exit',
      (code) => code !== 0 && reject(new Error(`a process of the simulation ended with ${code}`)),
    );
    next();
  });
}

function progress(total: number): { update(value: number): void; stop(): void } {
  if (!process.stderr.isTTY) {
    process.stderr.write(`${total} lives …\n`);
    return { update: () => undefined, stop: () => undefined };
  }
  const format = 'lives {bar} {percentage}% | {value}/{total} | {eta_formatted} left';
  const bar = new SingleBar({ format, stream: process.stderr, hideCursor: true }, Presets.shades_classic);
  bar.start(total, 0);
  return bar;
}

function lineOf({ seed, kind, problem }: BrokenLife): string {
  return `seed ${seed} (${kind}): ${problem}\n  npm run simulate -- --replay ${seed}`;
}

function print(...lines: string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

function natural(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('a whole number of at least 0 is expected');
  }
  return value;
}

async function main(): Promise<void> {
  const command = new Command('simulate')
    .description('lives of fleets of workers on virtual time, each of which follows from its seed')
    .option('--seeds <n>', 'how many lives', natural, 2000)
    .option('--first-seed <seed>', 'the first one', natural, 1)
    .option('--replay <seed>', 'repeat one life and show what happened in it', natural)
    .option('--full', 'with --replay: everything that happened, not only what led to the first problem')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .configureOutput({ outputError: (text, write) => write(text) })
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    })
    .parse();
  const options = command.opts<Options>();
  process.exitCode =
    options.replay === undefined ? await simulate(options) : await replay(options.replay, options);
}

void main();
