import { Presets, SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { fuzzAggregate, type Tally } from './aggregate';

/** Runs between two looks at the progress. */
const PORTION = 1000;

const EXAMPLES = `
Examples:
  npm run fuzz -- aggregate --runs 1000000                 exit code 1 at the first input that breaks something
  npm run fuzz -- aggregate --runs 1 --first-seed 4711     one input again
`;

interface Options {
  readonly runs: number;
  readonly firstSeed: number;
  readonly json?: boolean;
}

/** @returns the exit code */
function aggregate({ runs, firstSeed, json = false }: Options): number {
  const startedAt = performance.now();
  const tally: Tally = { unpacked: 0, raw: 0, subRecords: 0 };
  const bar = progress(runs);
  let problem: { readonly seed: number; readonly what: string } | undefined;
  for (let run = 0; run < runs && problem === undefined; run++) {
    const seed = firstSeed + run;
    try {
      fuzzAggregate(seed, tally);
    } catch (error) {
      problem = { seed, what: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    if (run % PORTION === 0) {
      bar.update(run);
    }
  }
  bar.stop();
  const seconds = (performance.now() - startedAt) / 1000;
  if (json) {
    print(JSON.stringify({ runs, firstSeed, seconds, ...tally, problem }));
  } else if (problem === undefined) {
    const { unpacked, raw, subRecords } = tally;
    print(
      `${unpacked} frames of ${subRecords} sub-records, ${raw} other records in ${seconds.toFixed(0)} s; nothing broke`,
    );
  } else {
    print(`seed ${problem.seed}: ${problem.what}`);
    print(`  npm run fuzz -- aggregate --runs 1 --first-seed ${problem.seed}`);
  }
  return problem === undefined ? 0 : 1;
}

function progress(total: number): { update(value: number): void; stop(): void } {
  if (!process.stderr.isTTY) {
    process.stderr.write(`${total} inputs …\n`);
    return { update: () => undefined, stop: () => undefined };
  }
  const format = 'inputs {bar} {percentage}% | {value}/{total} | {eta_formatted} left';
  const bar = new SingleBar({ format, stream: process.stderr, hideCursor: true }, Presets.shades_classic);
  bar.start(total, 0);
  return bar;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function natural(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('a whole number of at least 0 is expected');
  }
  return value;
}

const program = new Command('fuzz')
  .description('bytes that nobody should send, each of which follows from its seed')
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2);
  });
program
  .command('aggregate')
  .description('KPL frames: broken ones, odd ones, whole ones')
  .option('--runs <n>', 'how many inputs', natural, 100_000)
  .option('--first-seed <seed>', 'the first one', natural, 1)
  .option('--json', 'print JSON')
  .addHelpText('after', EXAMPLES)
  .action((options: Options) => {
    process.exitCode = aggregate(options);
  });
program.parse();
