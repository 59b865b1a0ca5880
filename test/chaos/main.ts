import { Argument, Command, InvalidArgumentError } from 'commander';
import { startProgress } from '../../src/cli/progress';
import { messageOf } from '../../src/errors';
import { seededRandom, systemRandom } from '../../src/util/random';
import { handover } from './handover';
import { kill } from './kill';
import { restart } from './restart';
import { scale } from './scale';
import { type Finding, isBroken, type Scenario } from './scenario';
import { storm } from './storm';
import { table } from './table';

const SCENARIOS: { readonly [name: string]: Scenario } = { kill, restart, handover, scale, storm };

interface Outcome {
  readonly scenario: string;
  readonly rounds: number;
  readonly findings: readonly Finding[];
  /** What ended the scenario before its time. */
  readonly error?: string;
}

interface Options {
  readonly rounds?: number;
  readonly seed?: number;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  npm run chaos                                   all of them, about four minutes
  npm run chaos -- kill handover                  two of them
  npm run chaos -- storm --rounds 50 --seed 7     the same fifty blows again
`;

function number(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) {
      throw new InvalidArgumentError(`It takes a whole number from ${least}.`);
    }
    return value;
  };
}

const command = new Command('chaos')
  .description('Connectors as real processes over the embedded emulator, killed, stopped, paused and joined.')
  .addArgument(
    new Argument('[scenario...]', 'all when none is named').choices(Object.keys(SCENARIOS)).default([]),
  )
  .option('--rounds <n>', 'how often; each scenario has a number of its own', number(1))
  .option('--seed <s>', 'repeats the choices of a run', number(0))
  .option('--json', 'print JSON')
  .addHelpText('after', EXAMPLES)
  .exitOverride();

/** Runs the scenarios named, or all; the exit code is 1 when a promise was broken. */
async function main(positionals: readonly string[], values: Options): Promise<number> {
  const { rounds, seed = Number.parseInt(systemRandom.hex(3), 16) } = values;
  const outcomes: Outcome[] = [];
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (positionals.length === 0 || positionals.includes(name)) {
      const outcome = await runOne(name, scenario, rounds ?? scenario.rounds, seed);
      outcomes.push(outcome);
      if (values.json !== true) {
        process.stdout.write(`${textOf(outcome, seed)}\n`);
      }
    }
  }
  if (values.json === true) {
    process.stdout.write(`${JSON.stringify({ seed, outcomes }, undefined, 2)}\n`);
  }
  return outcomes.some(({ error, findings }) => error !== undefined || findings.some(isBroken)) ? 1 : 0;
}

async function runOne(name: string, scenario: Scenario, rounds: number, seed: number): Promise<Outcome> {
  const io = {
    stdout: (text: string) => void process.stdout.write(text),
    stderr: (text: string) => void process.stderr.write(text),
    isTty: process.stderr.isTTY === true,
    env: {},
    setExitCode: () => undefined,
  };
  const progress = startProgress(io, name, rounds, false);
  try {
    const random = seededRandom(seed);
    const findings = await scenario.run({ rounds, random, onRound: (round) => progress.at(round) });
    return { scenario: name, rounds, findings };
  } catch (error) {
    return { scenario: name, rounds, findings: [], error: messageOf(error) };
  } finally {
    progress.done();
  }
}

function textOf({ scenario, rounds, findings, error }: Outcome, seed: number): string {
  const title = `${scenario}, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, seed ${seed}`;
  return error === undefined ? table(title, findings) : `${title}\n  BROKEN: ${error}\n`;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Ends the connectors too.
  process.once(signal, () => process.exit(1));
}

async function run(): Promise<void> {
  try {
    command.parse();
  } catch (error) {
    // Commander has said what is wrong, or shown the help.
    process.exitCode = (error as { readonly exitCode?: number }).exitCode === 0 ? 0 : 2;
    return;
  }
  const [scenarios] = command.processedArgs as [string[]];
  process.exitCode = await main(scenarios, command.opts<Options>());
}

run().catch((error) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
