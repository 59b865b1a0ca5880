import { reportText } from '../../../src/cli/doctor-output';
import type { CheckResult } from '../../../src/doctor/check';
import { reportOf } from '../../../src/doctor/report';

const result = (fields: Partial<CheckResult>): CheckResult => ({
  key: 'k',
  id: 'stream.state',
  group: 'source orders',
  title: 'stream orders',
  verdict: 'ok',
  found: 'ACTIVE',
  took: 3,
  ...fields,
});

const RESULTS = [
  result({}),
  result({
    title: 'dynamodb:Scan on public-default-orders-WorkerMetricStats',
    verdict: 'warning',
    code: 'AWS_ACCESS_DENIED',
    found: 'denied, in more words than one line of this width can hold',
    expected: 'a permission',
    hint: 'Grant it, and do so soon, because without it nobody knows whether such a fleet lives.',
  }),
  result({
    group: 'pulsar',
    title: 'log-in',
    verdict: 'skipped',
    found: 'because of "pulsar"',
    hint: 'never told',
  }),
];

const STYLE = { width: 80, colours: false };

test('a line a check, below it what was expected and what to do, in no more than the width', () => {
  const text = reportText(reportOf('c.yaml', RESULTS, false), STYLE);
  expect(text).toBe(`source orders
  ok       stream orders                       ACTIVE
  warning  dynamodb:Scan on public-default-orders-WorkerMetricStats
                                               denied, in more words than one
                                               line of this width can hold
                                               expected a permission
                                               AWS_ACCESS_DENIED
                                               → Grant it, and do so soon,
                                                 because without it nobody knows
                                                 whether such a fleet lives.

pulsar
  skipped  log-in  because of "pulsar"

c.yaml: 1 ok, 1 warning, 0 failed, 1 skipped
`);
  expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
});

test('what others have written commands no terminal', () => {
  const found = 'running: \u001b[2J\u009b31m with 1 lease';
  const text = reportText(reportOf('c', [result({ found, title: 'a\nb', hint: '\u202e' })], false), STYLE);
  expect(text).not.toMatch(/[^\P{C}\n]/u);
  expect(text).toContain('running: \\x1b[2J\\x9b31m with 1 lease');
});

test('colours change nothing but colours', () => {
  const report = reportOf('c.yaml', RESULTS, false);
  const coloured = reportText(report, { ...STYLE, colours: true });
  expect(coloured).toContain('\u001b[33mwarning\u001b[0m');
  const [first = '', ...rest] = coloured.split('\u001b');
  const plain = first + rest.map((part) => part.replace(/^\[\d+m/, '')).join('');
  expect(plain).toBe(reportText(report, STYLE));
});

test('a warning fails when told to, a failure always', () => {
  expect(reportOf('c', RESULTS, false).ok).toBe(true);
  expect(reportOf('c', RESULTS, true).ok).toBe(false);
  expect(reportOf('c', [result({ verdict: 'failed' })], false)).toMatchObject({
    ok: false,
    configFailed: false,
  });
  expect(reportOf('c', [result({ id: 'config.file', verdict: 'failed' })], false).configFailed).toBe(true);
});

test('a secret that cannot be had is no mistake of the configuration', () => {
  const lost = (code: string) => [result({ id: 'config.file', verdict: 'failed', code })];
  expect(reportOf('c', lost('AWS_UNAVAILABLE'), false).configFailed).toBe(false);
  expect(reportOf('c', lost('CONFIG_INVALID'), false).configFailed).toBe(true);
});
