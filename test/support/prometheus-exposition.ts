export interface ExpositionSample {
  readonly name: string;
  readonly labels: { readonly [label: string]: string };
  readonly value: number;
}

export interface ExpositionFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: ExpositionSample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;

const SUFFIXES: { readonly [type: string]: readonly string[] } = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count', ''],
};

/**
 * Reads Prometheus text format 0.0.4 and refuses what Prometheus, or its linter, would: a sample without its family, a
 * family twice, a series twice, a histogram that is none.
 */
export function parseExposition(text: string): ReadonlyMap<string, ExpositionFamily> {
  if (!text.endsWith('\n')) {
    throw new Error('the last line does not end');
  }
  const families = new Map<string, ExpositionFamily>();
  const helps = new Map<string, string>();
  const seen = new Set<string>();
  let current: [string, ExpositionFamily] | undefined;
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      helps.set(name, rest);
    } else if (keyword === 'TYPE') {
      if (families.has(name) || SUFFIXES[rest] === undefined) {
        throw new Error(`a family twice, or of no type: ${line}`);
      }
      current = [name, { type: rest, help: helps.get(name) ?? '', samples: [] }];
      families.set(...current);
    } else {
      const sample = sampleOf(line);
      const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      const none: [string, ExpositionFamily] = ['', { type: '', help: '', samples: [] }];
      const [family, { type, samples }] = current ?? none;
      if (seen.has(key) || !(SUFFIXES[type] ?? []).some((suffix) => `${family}${suffix}` === sample.name)) {
        throw new Error(`a series twice, or in a family of another: ${line}`);
      }
      seen.add(key);
      samples.push(sample);
    }
  }
  for (const [name, { type, samples }] of families) {
    if (type === 'histogram') {
      requireHistograms(name, samples);
    }
  }
  return families;
}

function sampleOf(line: string): ExpositionSample {
  const [, name = '', inner = '', number = ''] = SAMPLE.exec(line) ?? [];
  const labels: { [label: string]: string } = {};
  let at = 0;
  while (at < inner.length) {
    LABEL.lastIndex = at;
    const [all = '', label = '', value = ''] = LABEL.exec(inner) ?? [];
    if (all === '' || Object.hasOwn(labels, label)) {
      throw new Error(`no labels: ${line}`);
    }
    labels[label] = value.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
    at += all.length;
  }
  const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number);
  if (name === '' || number === '' || (Number.isNaN(value) && !/^nan$/i.test(number))) {
    throw new Error(`no sample: ${line}`);
  }
  return { name, labels, value };
}

function requireHistograms(name: string, samples: readonly ExpositionSample[]): void {
  const series = new Map<string, ExpositionSample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [key, own] of series) {
    const buckets = own.filter((one) => one.name.endsWith('_bucket'));
    const bounds = buckets.map(({ labels }) =>
      labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le),
    );
    const rises = (values: readonly number[], least: number): boolean =>
      values.every((value, at) => at === 0 || value - (values[at - 1] ?? 0) >= least);
    const count = own.find((one) => one.name === `${name}_count`)?.value;
    const ends = bounds.at(-1) === Number.POSITIVE_INFINITY && buckets.at(-1)?.value === count;
    if (
      !ends ||
      !rises(bounds, Number.MIN_VALUE) ||
      !rises(
        buckets.map(({ value }) => value),
        0,
      )
    ) {
      throw new Error(`no histogram: ${name}${key}`);
    }
  }
}
