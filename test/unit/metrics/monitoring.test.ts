import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { parse } from 'yaml';
import { METRICS, type MetricDefinition } from '../../../src/metrics/definitions';
import { prometheusPlace, USER_METRIC } from '../../../src/metrics/prometheus-place';
import { INSTANCE_STATES } from '../../../src/runtime/health';
import { metricUses } from '../../support/promql';

const ROOT = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Labels that Prometheus itself gives to everything it scrapes. */
const OF_TARGET = ['instance', 'job'];

/** Labels by the name of a series. */
const SERIES = new Map<string, readonly string[]>();
for (const [name, definition] of Object.entries(METRICS) as [string, MetricDefinition][]) {
  const { name: shown, type, labels } = prometheusPlace(name, definition);
  if (type === 'histogram') {
    SERIES.set(`${shown}_bucket`, [...labels, 'le']);
    SERIES.set(`${shown}_sum`, labels);
    SERIES.set(`${shown}_count`, labels);
  } else {
    SERIES.set(shown, labels);
  }
}
SERIES.set(`${USER_METRIC.name}_sum`, USER_METRIC.labels);
const ofProcess = new Registry();
collectDefaultMetrics({ register: ofProcess });
for (const { name } of ofProcess.getMetricsAsArray()) {
  SERIES.set(name, []);
}

/** What is wrong with the metrics and labels of an expression. */
function faultsOf(expression: string): string[] {
  const uses = metricUses(expression);
  const faults = uses.flatMap(({ metric, labels }) => {
    const known = SERIES.get(metric);
    return known === undefined
      ? [`no metric ${metric}`]
      : labels
          .filter((label) => !known.includes(label) && !OF_TARGET.includes(label))
          .map((label) => `${metric} has no label ${label}`);
  });
  return uses.length === 0 ? ['no metric at all'] : faults;
}

/** Labels that are left of the result. */
function labelsOf(expression: string): string[] {
  return metricUses(expression).flatMap(({ metric, labels }) => [...labels, ...(SERIES.get(metric) ?? [])]);
}

const inTemplates = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, label = '']) => label);

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly action: string; readonly runbook_url: string };
}

const rules: readonly Rule[] = parse(read('deploy/prometheus/alerts.yaml')).groups.flatMap(
  (group: { readonly rules: readonly Rule[] }) => group.rules,
);

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
}

const dashboard = JSON.parse(read('deploy/grafana/dashboard.json'));
const panels: readonly Panel[] = dashboard.panels;

describe('alert rules', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s asks for metrics and labels that there are',
    (_, rule) => {
      expect(faultsOf(rule.expr)).toEqual([]);
      const used = inTemplates(JSON.stringify(rule.annotations), /\$labels\.(\w+)/g);
      const known = metricUses(rule.expr).flatMap(({ labels }) => labels);
      expect(used.filter((label) => !known.includes(label))).toEqual([]);
    },
  );

  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s says what it is, what to do, and where to read on',
    (_, rule) => {
      const { summary, action, runbook_url: runbook } = rule.annotations;
      expect(rule.labels.severity).toMatch(/^(warning|critical)$/);
      expect(summary).toMatch(/\.$/);
      expect(action).toMatch(/\.$/);
      const [page = '', anchor = ''] = runbook.split('#');
      expect(page).toBe('docs/troubleshooting.md');
      const text = read(page);
      const headings = inTemplates(text, /^#+ (.*)$/gm).map((heading) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      );
      expect([...headings, ...inTemplates(text, /<a id="(\w+)">/g), '{{ $labels.reason }}']).toContain(
        anchor,
      );
    },
  );

  it('hear of the first time that something happens, of which `increase` knows nothing', () => {
    // Shown as 0 from the first start on; asked for many; and what was read at first need not be stored yet.
    const others = ['instance_restarts', 'lost_leases', 'records_processed'];
    const heard = rules.flatMap(({ expr }) =>
      inTemplates(expr, /increase\((\w+)\[/g)
        .filter((name) => !others.some((other) => name === `pulsar_io_kinesis_${other}_total`))
        .map((name) => [
          name,
          expr.includes(`increase(${name}[15m]) > 0 or ${name} unless ${name} offset 15m`),
        ]),
    );
    expect(heard.length).toBeGreaterThan(5);
    expect(heard.filter(([, first]) => !first)).toEqual([]);
  });

  it('are named once, and know of every state that an instance may be in', () => {
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    const states = rules.flatMap(({ expr }) => inTemplates(expr, /state="(\w+)"/g));
    expect(states.filter((state) => !(INSTANCE_STATES as readonly string[]).includes(state))).toEqual([]);
    expect(states).not.toEqual([]);
  });
});

describe('the dashboard', () => {
  const graphs = panels.filter(({ type }) => type !== 'row');

  it.each(graphs.map((panel) => [panel.title, panel] as const))(
    'panel "%s" asks for metrics and labels that there are',
    (_, panel) => {
      const { targets = [], description = '' } = panel;
      expect(targets).not.toEqual([]);
      expect(description).toMatch(/\.$/);
      for (const { expr, legendFormat } of targets) {
        expect(faultsOf(expr)).toEqual([]);
        const used = inTemplates(legendFormat, /\{\{(\w+)\}\}/g);
        expect(used.filter((label) => !labelsOf(expr).includes(label))).toEqual([]);
      }
    },
  );

  it('has variables that lead to values', () => {
    for (const { type, query } of dashboard.templating.list) {
      if (type === 'query') {
        const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(query.query) ?? [];
        const wanted = /__name__=~"(\w+?)\((.*?)\)"/.exec(series);
        const names =
          wanted === null ? [series] : (wanted[2] ?? '').split('|').map((end) => `${wanted[1]}${end}`);
        for (const name of names) {
          expect(SERIES.get(name)).toContain(label);
        }
      }
    }
  });

  it('has no two panels in one place', () => {
    const places = new Set<string>();
    for (const { title, gridPos } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, places.has(`${x} ${y}`), x < 24]).toEqual([title, false, true]);
          places.add(`${x} ${y}`);
        }
      }
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});

describe('the check', () => {
  it.each([
    ['rate(pulsar_io_kinesis_no_such_total[5m])', ['no metric pulsar_io_kinesis_no_such_total']],
    [
      'sum by (shard) (pulsar_io_kinesis_queue_bytes{kind="source"})',
      ['pulsar_io_kinesis_queue_bytes has no label shard'],
    ],
    [
      'pulsar_io_kinesis_queue_bytes{topic=~"$x"} > 1 and on (kind) up',
      ['pulsar_io_kinesis_queue_bytes has no label topic', 'no metric up'],
    ],
    [
      'pulsar_io_kinesis_end_to_end_duration_seconds',
      ['no metric pulsar_io_kinesis_end_to_end_duration_seconds'],
    ],
    ['1 > 2', ['no metric at all']],
    ['topk(3, max by (stream) (pulsar_io_kinesis_queue_bytes offset 5m)) / 2', []],
  ])('sees what is wrong with %s', (expression, faults) => {
    expect(faultsOf(expression)).toEqual(faults);
  });

  it.each(['sum by stream (x)', 'sum(x', 'x{a="b"', 'a ! b'])('refuses %s', (expression) => {
    expect(() => metricUses(expression)).toThrow();
  });
});
