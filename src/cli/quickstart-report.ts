import { EXPORT_SHARDS, EXPORT_STREAM, SHARDS, STREAM } from './quickstart-config';
import type { QuickstartRow } from './quickstart-rows';
import type { Result } from './quickstart-run';
import type { QuickstartTopic } from './quickstart-topic';

const ROWS: readonly (readonly [label: string, of: (result: Result) => string])[] = [
  ['records put', ({ put }) => put.toLocaleString('en')],
  ['delivered', ({ delivered }) => delivered.toLocaleString('en')],
  ['lost', ({ lost }) => lost.toLocaleString('en')],
  ['duplicated', ({ duplicated }) => duplicated.toLocaleString('en')],
  ['out of order', ({ outOfOrder }) => outOfOrder.toLocaleString('en')],
  ['seconds', ({ seconds }) => seconds.toFixed(2)],
  ['records/s', ({ recordsPerSecond }) => recordsPerSecond.toLocaleString('en')],
];

/** What there was to see, for people. */
export function quickstartReport(
  source: Result,
  sink: Result,
  rows: readonly QuickstartRow[],
  topic: QuickstartTopic,
): string {
  const sample = rows
    .slice(0, 3)
    .map(({ key, payload }) => `  ${key}  ${Buffer.from(payload).toString('utf8')}`);
  const columns: readonly (readonly [heading: string, result: Result])[] = [
    ['Kinesis → Pulsar', source],
    ['Pulsar → Kinesis', sink],
  ];
  const cell = (text: string): string => `  ${text.padStart(16)}`;
  return [
    '',
    `Kinesis stream ${STREAM} (${SHARDS} shards)  →  ${topic.name} (${topic.kind})`,
    `  →  Kinesis stream ${EXPORT_STREAM} (${EXPORT_SHARDS} shards)`,
    ...sample,
    '  …',
    '',
    `  ${''.padEnd(12)}${columns.map(([heading]) => cell(heading)).join('')}`,
    ...ROWS.map(
      ([label, of]) => `  ${label.padEnd(12)}${columns.map(([, result]) => cell(of(result))).join('')}`,
    ),
    '',
    'Next, with a broker of your own in the middle:',
    '  npm run quickstart -- --service-url pulsar://localhost:6650',
    '',
  ].join('\n');
}
