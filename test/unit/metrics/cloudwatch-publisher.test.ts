import { ConnectorError, type ErrorCode } from '../../../src/errors';
import { startCloudWatchPublisher } from '../../../src/metrics/cloudwatch-publisher';
import type { MetricDatum } from '../../../src/metrics/metric-data-api';
import { MetricRegistry } from '../../../src/metrics/registry';
import type { LogFields, Logger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';

const INTERVAL = 10_000;

type Answer = 'ok' | 'hang' | ErrorCode;

/** A CloudWatch that answers as the test says, and a publisher of one registry to it. */
class Lab {
  readonly clock = new ManualClock();
  readonly registry = new MetricRegistry();
  readonly calls: {
    readonly at: number;
    readonly namespace: string;
    readonly data: readonly MetricDatum[];
  }[] = [];
  readonly stored: MetricDatum[] = [];
  readonly log: { readonly level: string; readonly fields: LogFields; readonly message: string }[] = [];
  answer: Answer = 'ok';
  readonly #opened = this.clock.monotonic();
  readonly publisher = startCloudWatchPublisher({
    settings: { level: 'DETAILED', namespace: 'app', interval: INTERVAL },
    api: {
      putMetricData: async (namespace, data) => {
        this.calls.push({ at: this.clock.monotonic() - this.#opened, namespace, data });
        if (this.answer === 'hang') {
          // A client that does not even hear its signal.
          await new Promise<never>(() => undefined);
        }
        if (this.answer !== 'ok') {
          throw new ConnectorError(this.answer as ErrorCode, 'CloudWatch said no');
        }
        this.stored.push(...data);
      },
    },
    reader: this.registry.reader(),
    clock: this.clock,
    random: seededRandom(3),
    logger: this.#logger(),
  });

  /** Records into `instruments` of their own. */
  record(instruments = 1, value = 1): void {
    for (let n = 0; n < instruments; n++) {
      this.registry.instrument('records_processed', { stream: 's', shard: `shard ${n}` }).record(value);
    }
  }

  /** Records once an interval, `times` times. */
  async live(times: number, instruments = 1): Promise<void> {
    for (let n = 0; n < times; n++) {
      this.record(instruments);
      await this.clock.advance(INTERVAL);
    }
  }

  get sum(): number {
    return this.stored.reduce((sum, datum) => sum + datum.statistics.sum, 0);
  }

  lines(level: string): string[] {
    return this.log.filter((line) => line.level === level).map(({ message }) => message);
  }

  #logger(): Logger {
    const at = (level: string) => (fields: LogFields, message: string) =>
      this.log.push({ level, fields, message });
    const logger: Logger = {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: () => logger,
    };
    return logger;
  }
}

test('publishes every interval, the first time after a random part of it, and nothing when there is no news', async () => {
  const lab = new Lab();
  await lab.live(3);
  expect(lab.calls).toHaveLength(3);
  const [first, second, third] = lab.calls;
  expect(first?.at).toBeGreaterThan(0);
  expect(first?.at).toBeLessThan(INTERVAL);
  expect(second?.at).toBe((first?.at ?? 0) + INTERVAL);
  expect(third?.at).toBe((first?.at ?? 0) + 2 * INTERVAL);
  expect(third).toMatchObject({
    namespace: 'app',
    data: [{ name: 'RecordsProcessed', statistics: { sum: 1 } }],
  });
  await lab.clock.advance(5 * INTERVAL);
  expect(lab.calls).toHaveLength(3);
  expect(lab.log).toEqual([]);
});

test('data carry the time at which they were collected, and go in requests of at most 1,000', async () => {
  const lab = new Lab();
  lab.record(2100);
  const start = lab.clock.now();
  await lab.clock.advance(INTERVAL);
  expect(lab.calls.map(({ data }) => data.length)).toEqual([1000, 1000, 100]);
  expect(new Set(lab.stored.map(({ timestamp }) => timestamp))).toEqual(
    new Set([start + (lab.calls[0]?.at ?? 0)]),
  );
});

test('what a failing CloudWatch did not take is published when it has recovered: one warning, one notice, no loss', async () => {
  const lab = new Lab();
  lab.answer = 'AWS_UNAVAILABLE';
  await lab.live(30);
  expect(lab.stored).toEqual([]);
  expect(lab.lines('warn')).toEqual([
    'publishing metrics to CloudWatch failed; it is tried again, records are not affected',
  ]);
  // It backs off: far fewer tries than intervals.
  expect(lab.calls.length).toBeLessThan(25);
  lab.answer = 'ok';
  await lab.live(12);
  expect(lab.sum).toBe(42);
  expect(new Set(lab.stored.map(({ timestamp }) => timestamp)).size).toBe(42);
  expect(lab.lines('info')).toEqual(['metrics are published to CloudWatch again']);
  expect(lab.log).toHaveLength(2);

  lab.answer = 'AWS_THROTTLED';
  await lab.live(3);
  expect(lab.lines('warn')).toHaveLength(2);
});

test('a permission that lacks is named, and publishing goes on once it is given', async () => {
  const lab = new Lab();
  lab.answer = 'AWS_ACCESS_DENIED';
  await lab.live(2);
  expect(lab.log).toMatchObject([
    {
      fields: {
        code: 'AWS_ACCESS_DENIED',
        namespace: 'app',
        hint: expect.stringContaining('cloudwatch:PutMetricData'),
      },
    },
  ]);
  lab.answer = 'ok';
  await lab.live(10);
  expect(lab.sum).toBe(12);
});

test('a call that is not answered ends after 5 s and counts as failed', async () => {
  const lab = new Lab();
  lab.answer = 'hang';
  await lab.live(2);
  expect(lab.log).toMatchObject([{ level: 'warn', fields: { code: 'AWS_TIMEOUT' } }]);
  lab.answer = 'ok';
  await lab.live(10);
  expect(lab.sum).toBe(12);
});

test('more than 10,000 data do not wait: the oldest are dropped, counted, and warned of once', async () => {
  const lab = new Lab();
  lab.answer = 'AWS_UNAVAILABLE';
  await lab.live(14, 1000);
  expect(lab.lines('warn')).toHaveLength(2);
  expect(lab.lines('warn')[1]).toContain('the oldest are dropped');
  lab.answer = 'ok';
  await lab.live(10);
  // The newest 10,000 of those, and one more each time while it still waited.
  expect(lab.stored.filter(({ dimensions }) => dimensions[1]?.value === 'shard 999')).toHaveLength(10);
  const dropped = lab.log.at(-1)?.fields.dropped as number;
  expect(lab.stored.length + dropped).toBe(14_010);
  expect(dropped).toBeGreaterThanOrEqual(4000);
});

test('a publication larger than the bound loses nothing while CloudWatch answers', async () => {
  const lab = new Lab();
  await lab.live(2, 12_000);
  expect(lab.stored).toHaveLength(24_000);
  expect(lab.log).toEqual([]);
});

test('a batch that CloudWatch refuses for itself does not hold up what is behind it', async () => {
  const lab = new Lab();
  lab.answer = 'AWS_REQUEST_REFUSED';
  await lab.live(1);
  lab.answer = 'ok';
  await lab.live(9);
  expect(lab.sum).toBe(9);
  expect(lab.log.at(-1)).toMatchObject({ level: 'info', fields: { dropped: 1 } });
});

describe('close', () => {
  test('publishes what is there at once, and leaves no timer', async () => {
    const lab = new Lab();
    await lab.live(1);
    lab.record(1, 5);
    const before = lab.clock.monotonic();
    await lab.clock.run(lab.publisher.close(2000));
    expect(lab.clock.monotonic()).toBe(before);
    expect(lab.sum).toBe(6);
    expect(lab.clock.pending).toBe(0);
  });

  test('tries once more although CloudWatch failed just now', async () => {
    const lab = new Lab();
    lab.answer = 'AWS_UNAVAILABLE';
    await lab.live(3);
    lab.answer = 'ok';
    await lab.clock.run(lab.publisher.close(2000));
    expect(lab.sum).toBe(3);
  });

  test('ends at its deadline when CloudWatch does not answer, never with an error', async () => {
    const lab = new Lab();
    lab.record();
    lab.answer = 'hang';
    const before = lab.clock.monotonic();
    await lab.clock.run(lab.publisher.close(2000));
    expect(lab.clock.monotonic() - before).toBe(2000);
    expect(lab.lines('warn')).toEqual(['the last metrics were not published to CloudWatch']);
    expect(lab.clock.pending).toBe(0);
  });

  test('waits for a publication under way, then publishes what came meanwhile', async () => {
    const lab = new Lab();
    lab.record();
    lab.answer = 'hang';
    while (lab.calls.length === 0) {
      await lab.clock.step();
    }
    lab.record(1, 5);
    lab.answer = 'ok';
    await lab.clock.run(lab.publisher.close(20_000));
    expect(lab.sum).toBe(6);
  });
});
