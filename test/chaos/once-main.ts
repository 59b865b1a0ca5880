import { Command, InvalidArgumentError, Option } from 'commander';
import { startProgress } from '../../src/cli/progress';
import { messageOf } from '../../src/errors';
import { seededRandom, systemRandom } from '../../src/util/random';
import { runExactlyOnce } from './exactly-once';
import { ONCE_VARIANTS, type OnceVariantName } from './once-variant';
import { type Finding, isBroken, seconds } from './scenario';
import { table } from './table';

interface Options {
  readonly records: number;
  readonly kills: number;
  readonly pauses: number;
  readonly brokerKills: number;
  readonly unloads: number;
  readonly seed?: number;
  readonly only?: OnceVariantName;
  readonly control?: boolean;
}

const EXAMPLES = `
Examples:
  npm run exactly-once                                  all four, about fifteen minutes
  npm run exactly-once -- --only partitioned --seed 7   one of them, with the moments of that seed
  npm run exactly-once -- --records 20000 --kills 3     shorter
`;

function number(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError('It takes a whole number from 0.');
  }
  return value;
}

const command = new Command('exactly-once')
  .description('The connector into a topic with deduplication, killed with it, read back by another client.')
  .option('--records <n>', 'flights, at most 231,083', number, 200_000)
  .option('--kills <n>', 'kill -9 of the connector', number, 20)
  .option('--pauses <n>', 'pauses of the connector that cost it its leases', number, 5)
  .option('--broker-kills <n>', 'kill -9 of the broker', number, 5)
  .option('--unloads <n>', 'unloads of the topic', number, 5)
  .option('--seed <s>', 'repeats the choices of a run', number)
  .addOption(new Option('--only <variant>', 'one of the four').choices(Object.keys(ONCE_VARIANTS)))
  .option('--control', 'the same without EFFECTIVELY_ONCE: it ends with 1, for what is stored twice')
  .addHelpText('after', EXAMPLES)
  .exitOverride();

/** The exit code is 1 when a record did not arrive exactly once and in order. */
async function main(options: Options): Promise<number> {
  const { seed = Number.parseInt(systemRandom.hex(3), 16), only } = options;
  const names = Object.keys(ONCE_VARIANTS) as OnceVariantName[];
  let broken = false;
  for (const name of only === undefined ? names : [only]) {
    const title = `${name}, seed ${seed}`;
    try {
      const findings = await runOne(name, options, seed);
      broken ||= findings.some(isBroken);
      process.stdout.write(`${table(title, findings)}\n`);
    } catch (error) {
      broken = true;
      process.stdout.write(`${title}\n  BROKEN: ${messageOf(error)}\n\n`);
    }
  }
  return broken ? 1 : 0;
}

async function runOne(
  name: OnceVariantName,
  { records, kills, pauses, brokerKills, unloads, control = false }: Options,
  seed: number,
): Promise<Finding[]> {
  const io = {
    stdout: (text: string) => void process.stdout.write(text),
    stderr: (text: string) => void process.stderr.write(text),
    isTty: process.stderr.isTTY === true,
    env: {},
    setExitCode: () => undefined,
  };
  const progress = startProgress(io, name, records, false);
  try {
    const { report, fallen, tookMs } = await runExactlyOnce({
      variant: ONCE_VARIANTS[name],
      records,
      blows: {
        'kill -9 of the connector': kills,
        'pause of the connector until its leases are lost': pauses,
        'kill -9 and restart of the broker': brokerKills,
        'topic unload': unloads,
      },
      random: seededRandom(seed),
      control,
      onStored: (count, of) => progress.at(Math.min(records, Math.round((records * count) / of))),
    });
    const wanted = kills + pauses + brokerKills + unloads;
    return [
      { what: 'arrived', value: report.arrived, unit: `of ${report.sent} records` },
      { what: 'lost', value: report.lost.length, unit: 'records', atMost: 0 },
      { what: 'stored twice', value: report.duplicated.length, unit: 'records', atMost: 0 },
      { what: 'out of order within a key', value: report.outOfOrder.length, unit: 'records', atMost: 0 },
      { what: 'other key or bytes', value: report.altered.length, unit: 'records', atMost: 0 },
      { what: 'nobody put', value: report.unknown, unit: 'records', atMost: 0 },
      ...countsOf(fallen.map(({ blow }) => blow)),
      { what: 'blows that came too late', value: wanted - fallen.length, unit: 'blows', atMost: 0 },
      { what: 'took', value: seconds(tookMs), unit: 's' },
    ];
  } finally {
    progress.done();
  }
}

function countsOf(blows: readonly string[]): Finding[] {
  return [...new Set(blows)].sort().map((what) => ({
    what,
    value: blows.filter((blow) => blow === what).length,
    unit: 'times',
  }));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Ends broker and connector too.
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
  process.exitCode = await main(command.opts<Options>());
}

run().catch((error) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
