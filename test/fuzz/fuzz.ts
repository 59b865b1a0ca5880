import { Presets, SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { fuzzAggregate, type Tally } from './aggregate';
import { fuzzPulsar, newPulsarTally, pulsarReady } from './pulsar/pulsar';

/** Runs between two looks at the progress. */
const PORTION = 1000;

const examples = (name: string): string => `
Examples:
  npm run fuzz -- ${name} --runs 200000                  exit code 1 at the first input that breaks something
  npm run fuzz -- ${name} --runs 1 --first-seed 4711     one input again
`;

interface Options {
  readonly runs: number;
  readonly firstSeed: number;
  readonly json?: boolean;
}

interface Target {
  readonly name: string;
  /** One input, which follows from its seed. @throws Error: something was broken */
  run(seed: number): Promise<void> | void;
  readonly tally: object;
  /** What was seen, in one line. */
  summary(): string;
}

function aggregate(): Target {
  const tally: Tally = { unpacked: 0, raw: 0, subRecords: 0 };
  return {
    name: 'aggregate',
    run: (seed) => fuzzAggregate(seed, tally),
    tally,
    summary: () => `${tally.unpacked} frames of ${tally.subRecords} sub-records, ${tally.raw} other records`,
  };
}

async function pulsar(): Promise<Target> {
  await pulsarReady();
  const tally = newPulsarTally();
  return {
    name: 'pulsar',
    run: (seed) => fuzzPulsar(seed, tally),
    tally,
    summary: () => {
      const { lies, confirmed, rejected, received, ended } = tally;
      const ends = Object.entries(ended).map(([code, count]) => `${code} ${count}`);
      return `${lies} lies; ${confirmed} messages confirmed, ${rejected} refused, ${received} received; ended by ${ends.join(', ')}`;
    },
  };
}

/** @returns the exit code */
async function fuzz(target: Target, { runs, firstSeed, json = false }: Options): Promise<number> {
  const startedAt = performance.now();
  const bar = progress(runs);
  let problem: { readonly seed: number; readonly what: string } | undefined;
  for (let run = 0; run < runs && problem === undefined; run++) {
    const seed = firstSeed + run;
    try {
      await target.run(seed);
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
    print(JSON.stringify({ runs, firstSeed, seconds, ...target.tally, problem }));
  } else if (problem === undefined) {
    print(`${target.summary()} in ${seconds.toFixed(0)} s; nothing broke`);
  } else {
    print(`seed ${problem.seed}: ${problem.what}`);
    print(`  npm run fuzz -- ${target.name} --runs 1 --first-seed ${problem.seed}`);
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
command('aggregate', 'KPL frames: broken ones, odd ones, whole ones', aggregate);
command('pulsar', 'a Pulsar broker that lies to a producer and a consumer, and then does not', pulsar);
program.parse();

function command(name: string, description: string, target: () => Target | Promise<Target>): void {
  program
    .command(name)
    .description(description)
    .option('--runs <n>', 'how many inputs', natural, 100_000)
    .option('--first-seed <seed>', 'the first one', natural, 1)
    .option('--json', 'print JSON')
    .addHelpText('after', examples(name))
    .action(async (options: Options) => {
      process.exitCode = await fuzz(await target(), options);
    });
}
