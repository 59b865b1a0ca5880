import { readdirSync } from 'node:fs';
import type { Benchmark, Figure } from './result';

const SUFFIX = '.bench.ts';

interface Outcome {
  readonly benchmark: string;
  readonly figures: readonly Figure[];
}

function table({ benchmark, figures }: Outcome): string {
  const rows = figures.map((figure) => [figure.name, plain(figure.value), figure.unit, comparison(figure)]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map(([name = '', value = '', unit = '', ratio = '']) =>
    `  ${name.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)} ${unit.padEnd(widths[2] ?? 0)}  ${ratio}`.trimEnd(),
  );
  return [benchmark, ...lines, ''].join('\n');
}

function plain(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 2 : 0 });
}

function comparison({ value, ratio, bound, kcl }: Figure): string {
  if (kcl !== undefined) {
    return `KCL 2.x ${plain(kcl)}`;
  }
  if (bound !== undefined) {
    return `${((100 * value) / bound).toFixed(1)} % of ${plain(bound)}`;
  }
  return ratio === undefined ? '' : `${ratio.toFixed(2)} x floor`;
}

/** Runs the benchmarks named, or all, and prints a table each, or one JSON array with --json. */
async function main(args: readonly string[]): Promise<void> {
  const json = args.includes('--json');
  const wanted = args.filter((arg) => !arg.startsWith('--'));
  const all = readdirSync(__dirname)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length));
  const unknown = wanted.filter((name) => !all.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`no benchmark ${unknown.join(', ')}; there are ${all.join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  const outcomes: Outcome[] = [];
  for (const benchmark of wanted.length > 0 ? wanted : all) {
    process.stderr.write(`${benchmark} …\n`);
    const { run } = (await import(`./${benchmark}${SUFFIX}`)) as Benchmark;
    const outcome = { benchmark, figures: await run() };
    outcomes.push(outcome);
    if (!json) {
      process.stdout.write(`${table(outcome)}\n`);
    }
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(outcomes, undefined, 2)}\n`);
  }
}

void main(process.argv.slice(2));
