import { parseArgs } from 'node:util';
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

/** Runs the scenarios named, or all; the exit code is 1 when a promise was broken, 2 for a wrong command. */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { rounds: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' } },
  });
  const seed = Number(values.seed ?? Number.parseInt(systemRandom.hex(3), 16));
  const unknown = positionals.filter((name) => SCENARIOS[name] === undefined);
  if (unknown.length > 0) {
    throw new Error(`no scenario ${unknown.join(', ')}; there are ${Object.keys(SCENARIOS).join(', ')}`);
  }
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (!Number.isInteger(seed) || (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))) {
    throw new Error('--rounds takes a number from 1, --seed a whole number');
  }
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

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 2;
  },
);
