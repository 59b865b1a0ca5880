import fc from 'fast-check';
import { METRICS, type MetricDefinition } from '../../../src/metrics/definitions';
import { prometheusPlace } from '../../../src/metrics/prometheus-place';
import { KEPT_MS } from '../../../src/metrics/prometheus-series';
import { MetricRegistry } from '../../../src/metrics/registry';
import { StatisticSet } from '../../../src/metrics/statistic-set';
import { HealthBoard } from '../../../src/runtime/health';
import { PrometheusText } from '../../../src/runtime/prometheus-text';
import { ManualClock } from '../../support/manual-clock';
import { parseExposition } from '../../support/prometheus-exposition';

const DEFINITIONS: readonly (readonly [string, MetricDefinition])[] = Object.entries(METRICS);
const ONE = { kind: 'source', name: 'public/default/orders', instanceId: 0 } as const;
const LABELS = { kind: 'source', connector: 'public/default/orders', instance_id: '0' };

function setUp() {
  const clock = new ManualClock();
  const health = new HealthBoard(clock);
  return { clock, health, prometheus: new PrometheusText({ health, clock }) };
}

/** Samples of a metric of ours, by the labels that are not the instance's. */
async function shown(prometheus: PrometheusText, name: string): Promise<{ [labels: string]: number }> {
  const families = parseExposition(await prometheus.text());
  const samples = families.get(`pulsar_io_kinesis_${name}`)?.samples ?? [];
  const own = samples.map(({ labels: { kind: _, connector: __, instance_id: ___, ...labels }, value }) => [
    Object.values(labels).join(' '),
    value,
  ]);
  return Object.fromEntries(own);
}

test('every metric there is comes out in a form that Prometheus takes, under its own name, type and labels', async () => {
  const { prometheus, health } = setUp();
  const registry = new MetricRegistry();
  health.add('source', ONE.name);
  prometheus.add(ONE, registry);
  const recorded = DEFINITIONS.filter(([, { cloudwatch }]) => cloudwatch !== undefined);
  for (const [name, { labels }] of recorded) {
    registry
      .instrument(name, Object.fromEntries(labels.map((label) => [label, `a "${label}"\\\n`])))
      .record(1);
  }
  registry.record('my metric, "mine"', 3);
  registry.record('my metric, "mine"', 4);
  const families = parseExposition(await prometheus.text());
  for (const [name, definition] of DEFINITIONS) {
    const place = prometheusPlace(name, definition);
    const family = families.get(place.name);
    expect([place.name, family?.type, family?.help]).toEqual([place.name, place.type, definition.help]);
    for (const { labels } of family?.samples ?? []) {
      const { le: _, ...own } = labels;
      expect(Object.keys(own).sort()).toEqual([...place.labels].sort());
      expect(labels).toMatchObject(definition.ofProcess ? {} : LABELS);
    }
  }
  const labels = { ...LABELS, metric: 'my metric, "mine"' };
  expect(families.get('pulsar_io_kinesis_user_metric')?.samples).toEqual([
    { name: 'pulsar_io_kinesis_user_metric_sum', labels, value: 7 },
    { name: 'pulsar_io_kinesis_user_metric_count', labels, value: 2 },
  ]);
  expect(families.get('nodejs_eventloop_lag_seconds')?.type).toBe('gauge');
  // By it, Prometheus and people tell when a process was started.
  expect(families.get('process_start_time_seconds')?.samples[0]?.value).toBeGreaterThan(1e9);
  expect(families.get('process_resident_memory_bytes')?.samples[0]?.value).toBeGreaterThan(1e6);
});

test('no two metrics have one name, and names end in the base unit, counters in _total', () => {
  const names = DEFINITIONS.map(([name, definition]) => prometheusPlace(name, definition).name);
  expect(new Set(names).size).toBe(names.length);
  for (const [name, definition] of DEFINITIONS) {
    const { name: given, type, labels } = prometheusPlace(name, definition);
    expect(given).toMatch(/^pulsar_io_kinesis_[a-z]+(_[a-z]+)*$/);
    expect(given.endsWith('_total')).toBe(type === 'counter');
    expect(/_seconds(_total)?$/.test(given)).toBe(definition.unit === 'Milliseconds');
    expect(/_bytes(_total)?$/.test(given)).toBe(definition.unit === 'Bytes');
    expect(given).not.toMatch(/milli|_(count|sum|bucket)$/);
    // Prometheus has labels of these names of its own, and the worker's id is new at every start.
    expect(labels.filter((label) => ['instance', 'job', 'le', 'worker'].includes(label))).toEqual([]);
  }
});

test('times are seconds, attempts are counted by their outcome, and a histogram counts up to each bound', async () => {
  const { prometheus } = setUp();
  const registry = new MetricRegistry();
  prometheus.add(ONE, registry);
  const stream = { stream: 's' };
  registry.instrument('longest_unowned', stream).record(1500);
  for (const outcome of [1, 0, 1]) {
    registry.instrument('audit_success', stream).record(outcome);
  }
  for (const ms of [1, 1.5, 20, 90_000]) {
    registry.instrument('audit_time', stream).record(ms);
  }
  expect(await shown(prometheus, 'longest_unowned_seconds')).toEqual({ s: 1.5 });
  expect(await shown(prometheus, 'audit_attempts_total')).toEqual({ 's success': 2, 's failure': 1 });
  const text = await prometheus.text();
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('pulsar_io_kinesis_audit_duration_seconds'));
  expect(lines.map((line) => line.replace(/\{.*,stream="s",?/, '{'))).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/_bucket\{.*le="0.001".*\} 1$/),
      expect.stringMatching(/_bucket\{.*le="0.002".*\} 2$/),
      expect.stringMatching(/_bucket\{.*le="0.02".*\} 3$/),
      expect.stringMatching(/_bucket\{.*le="60".*\} 3$/),
      expect.stringMatching(/_bucket\{.*le="\+Inf".*\} 4$/),
      expect.stringMatching(/_sum\{.*\} 90.0225$/),
      expect.stringMatching(/_count\{.*\} 4$/),
    ]),
  );
});

test('counts go on when the instance starts anew, whatever is read in between; levels go with its end', async () => {
  const life = fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant('read' as const)), {
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(life, { maxLength: 4 }), async (lives) => {
      const { prometheus } = setUp();
      let total = 0;
      for (const steps of lives) {
        const registry = new MetricRegistry();
        const end = prometheus.add(ONE, registry);
        registry.instrument('records_in_flight').record(total);
        for (const step of steps) {
          if (step === 'read') {
            expect(await shown(prometheus, 'records_delivered_total')).toEqual(
              total === 0 ? expect.anything() : { t: total },
            );
          } else {
            registry.instrument('records_delivered', { topic: 't' }).record(step);
            total += step;
          }
        }
        expect(await shown(prometheus, 'records_in_flight')).toEqual({ '': expect.any(Number) });
        end();
        registry.instrument('records_delivered', { topic: 't' }).record(1000);
        expect(await shown(prometheus, 'records_in_flight')).toEqual({});
      }
      expect(Object.values(await shown(prometheus, 'records_delivered_total'))[0] ?? 0).toBe(total);
    }),
    { numRuns: 8 },
  );
});

test('levels of a shard that ended go at once, its counts when every scrape has seen them, and both may come back', async () => {
  const { prometheus, clock } = setUp();
  const registry = new MetricRegistry();
  prometheus.add(ONE, registry);
  const ended = { stream: 's', shard: 'a' };
  const other = { stream: 's', shard: 'b' };
  const record = (labels: typeof ended): void => {
    registry.instrument('millis_behind_latest', labels).record(2000);
    registry.instrument('records_processed', labels).record(5);
    registry.instrument('process_time', labels).record(5);
  };
  record(ended);
  record(other);
  registry.forget(ended);
  expect(await shown(prometheus, 'behind_latest_seconds')).toEqual({ 's b': 2 });
  expect(await shown(prometheus, 'records_processed_total')).toEqual({ 's a': 5, 's b': 5 });
  await clock.advance(KEPT_MS - 1);
  expect(await shown(prometheus, 'records_processed_total')).toEqual({ 's a': 5, 's b': 5 });
  record(ended);
  await clock.advance(KEPT_MS);
  expect(await shown(prometheus, 'records_processed_total')).toEqual({ 's a': 10, 's b': 5 });
  registry.forget(ended);
  await clock.advance(KEPT_MS);
  expect(await shown(prometheus, 'records_processed_total')).toEqual({ 's b': 5 });
  // Of all shards together: nothing of it goes with one of them.
  expect((await shown(prometheus, 'process_duration_seconds')).s).toBe(3);
});

test('a process that nobody asks for hours keeps no more than what is there', async () => {
  const { prometheus, clock } = setUp();
  const registry = new MetricRegistry();
  prometheus.add(ONE, registry);
  for (let n = 0; n < 2000; n++) {
    const labels = { stream: 's', shard: `shard-${n}` };
    registry.instrument('millis_behind_latest', labels).record(1);
    registry.instrument('records_processed', labels).record(1);
    registry.forget(labels);
    await clock.advance(KEPT_MS / 10);
  }
  expect(Object.keys(await shown(prometheus, 'records_processed_total')).length).toBeLessThan(12);
});

test('a connector that makes up names without end fills neither memory nor Prometheus', async () => {
  const { prometheus } = setUp();
  const registry = new MetricRegistry();
  prometheus.add(ONE, registry);
  const take = jest.spyOn(StatisticSet.prototype, 'take');
  for (let n = 0; n < 50_000; n++) {
    registry.record(`order ${n}`, 1);
  }
  // Whether somebody asks or not, all but the newest of them are let go of.
  expect(take.mock.calls.length).toBeGreaterThanOrEqual(40_000);
  take.mockRestore();
  registry.record('order 0', 1);
  const shownOf = await shown(prometheus, 'user_metric');
  expect(Object.keys(shownOf)).toHaveLength(1000);
  expect(shownOf['order 0']).toBe(2);
});

test('several instances are told apart, and what became of each is shown whether its connector is open or not', async () => {
  const { prometheus, health } = setUp();
  const first = health.add('source', ONE.name, 0);
  health.add('sink', 'public/default/export', 1);
  prometheus.add(ONE, new MetricRegistry());
  first.restarting(new Error('no'), 0);
  const families = parseExposition(await prometheus.text());
  const states = families.get('pulsar_io_kinesis_instance_state')?.samples ?? [];
  expect(states.filter(({ value }) => value === 1).map(({ labels }) => labels)).toEqual([
    { ...LABELS, state: 'restarting' },
    { kind: 'sink', connector: 'public/default/export', instance_id: '1', state: 'starting' },
  ]);
  expect(states).toHaveLength(12);
  expect(families.get('pulsar_io_kinesis_info')?.samples).toEqual([
    {
      name: 'pulsar_io_kinesis_info',
      labels: { version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
      value: 1,
    },
  ]);
});
