import { ConnectorError } from '../../../src/errors';
import { MetricRegistry } from '../../../src/metrics/registry';
import { HealthBoard } from '../../../src/runtime/health';
import { StalledParts } from '../../../src/runtime/stalled-parts';
import { ManualClock } from '../../support/manual-clock';
import { throttled } from '../../support/runner-lab';
import { type LoggedLine, recordingLogger } from '../../support/supervisor-lab';

const unavailable = new ConnectorError('PULSAR_UNAVAILABLE', 'nobody there');

function setUp() {
  const clock = new ManualClock();
  const metrics = new MetricRegistry();
  const reader = metrics.reader();
  const lines: LoggedLine[] = [];
  const board = new HealthBoard();
  const entry = board.add('source', 'public/default/orders');
  entry.starting();
  entry.running();
  const stalls = new StalledParts({
    clock,
    metrics,
    logger: recordingLogger(lines),
    onChange: entry.stalled,
  });
  const levels = () =>
    Object.fromEntries(reader.read().map(({ labels, last }) => [labels.reason, last] as const));
  return { clock, stalls, lines, board, levels };
}

test('a part that stands still is told of once, with what to do, and once more when it gets on', () => {
  const { stalls, lines, board } = setUp();
  stalls.report('shard-1 reader', throttled);
  stalls.report('shard-1 reader', throttled);
  expect(lines).toEqual([
    {
      level: 'warn',
      message: expect.stringContaining('not ready'),
      fields: {
        part: 'shard-1 reader',
        code: 'AWS_THROTTLED',
        reason: 'throttled',
        hint: expect.stringContaining('raise the limit'),
      },
    },
  ]);
  expect(board.ready).toBe(false);
  stalls.report('shard-1 reader', undefined);
  stalls.report('shard-1 reader', undefined);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ level: 'info', fields: { part: 'shard-1 reader' } });
  expect(board.ready).toBe(true);
});

test('another reason for the same part is told as well', () => {
  const { stalls, lines, board } = setUp();
  stalls.report('renewals', throttled);
  stalls.report('renewals', unavailable);
  expect(lines.map(({ fields }) => fields.code)).toEqual(['AWS_THROTTLED', 'PULSAR_UNAVAILABLE']);
  expect(board.instances[0]?.stalled.map(({ code }) => code)).toEqual(['PULSAR_UNAVAILABLE']);
});

test('the gauge holds its level for as long as a part stands still, and goes back to zero', async () => {
  const { clock, stalls, levels } = setUp();
  stalls.report('a', throttled);
  stalls.report('b', throttled);
  stalls.report('c', unavailable);
  expect(levels()).toEqual({ AWS_THROTTLED: 2, PULSAR_UNAVAILABLE: 1 });
  await clock.advance(1000);
  expect(levels()).toEqual({ AWS_THROTTLED: 2, PULSAR_UNAVAILABLE: 1 });
  stalls.report('c', undefined);
  stalls.report('a', undefined);
  expect(levels()).toEqual({ AWS_THROTTLED: 1, PULSAR_UNAVAILABLE: 0 });
  stalls.report('b', undefined);
  expect(levels()).toEqual({ AWS_THROTTLED: 0, PULSAR_UNAVAILABLE: 0 });
  expect(clock.pending).toBe(0);
  await clock.advance(10_000);
  expect(levels()).toEqual({});
});

test('ends with its instance', () => {
  const { clock, stalls } = setUp();
  stalls.report('a', throttled);
  stalls.close();
  expect(clock.pending).toBe(0);
});

test('of what a connector reports after its end nothing is kept', () => {
  const { clock, stalls, board, lines } = setUp();
  stalls.close();
  stalls.report('a', throttled);
  expect(clock.pending).toBe(0);
  expect(board.instances[0]?.stalled).toEqual([]);
  expect(lines).toEqual([]);
});
