import { loadConfigObject, resolveConfig } from '../../../src/config';
import { runConfig } from './support';

const configs = { awsRegion: 'eu-central-1', awsKinesisStreamName: 'orders' };
const source = { name: 'orders', topicName: 'orders', configs: { ...configs, useEnhancedFanOut: false } };
const sink = { name: 'exports', inputs: ['exports'], configs };

const load = (root: object, env = {}) => loadConfigObject({ sources: [source], ...root }, 'test', { env });

test('restarts have defaults, each of which can be set in the file or the environment', () => {
  const defaults = { initialDelayMs: 1000, maxDelayMs: 60_000, resetAfterMs: 300_000, maxFailures: 10 };
  expect(load({}).restart).toEqual(defaults);
  expect(load({ restart: { maxDelayMs: 5000 } }).restart).toEqual({ ...defaults, maxDelayMs: 5000 });
  const env = { PULSAR_IO_KINESIS_RESTART_MAX_FAILURES: '3' };
  expect(load({ restart: { maxFailures: 4 } }, env).restart).toEqual({ ...defaults, maxFailures: 3 });
  // A SourceConfig has no place for them.
  expect(loadConfigObject(source, 'test', { env }).restart.maxFailures).toBe(3);
});

test('`config show` prints them', async () => {
  const { stdout } = await runConfig(['show', '--json', 'test/fixtures/config/good/java-minimal.json']);
  expect(JSON.parse(stdout)).toMatchObject({ config: { restart: { maxFailures: 10 } } });
});

test('every fault in them is told', () => {
  const restart = { initialDelayMs: 5000, maxDelayMs: 1000, maxFailures: 0, resetAfter: 1 };
  const { problems } = resolveConfig({ sources: [source], restart }, 'test', { env: {} });
  expect(problems.map(({ path, code }) => `${path} ${code}`).sort()).toEqual([
    'restart.maxDelayMs CONFIG_CROSS_FIELD',
    'restart.maxFailures CONFIG_RANGE',
    'restart.resetAfter CONFIG_UNKNOWN_KEY',
  ]);
  expect(problems.find(({ path }) => path === 'restart.resetAfter')?.hint).toContain('resetAfterMs');
});

test('every source and sink may have several instances', () => {
  const several = load({
    sources: [{ ...source, parallelism: 4 }],
    sinks: [{ ...sink, parallelism: '2' }],
  });
  expect([several.sources[0]?.parallelism, several.sinks[0]?.parallelism]).toEqual([4, 2]);
});

test.each([
  [{ retainOrdering: true, parallelism: 2 }, ['sinks[0].parallelism']],
  [{ processingGuarantees: 'EFFECTIVELY_ONCE', parallelism: 2 }, ['sinks[0].parallelism']],
  [{ retainOrdering: true }, []],
  [{ retainKeyOrdering: true, parallelism: 2 }, []],
  [{ parallelism: 2 }, []],
])('of a sink with %j, instances that would stand idle are noticed: %j', (fields, paths) => {
  const { notices } = resolveConfig({ sinks: [{ ...sink, ...fields }] }, 'test', { env: {} });
  const told = notices.map(({ path }) => path).filter((path) => path.endsWith('parallelism'));
  expect(told).toEqual(paths);
});
