import { readFileSync } from 'node:fs';
import type { RawRecord } from '../../../src/aws/kinesis-api';
import { ConnectorError } from '../../../src/errors';
import type { DeadLetterOrder } from '../../../src/io';
import { letterOfRecord } from '../../../src/runtime/dead-letter';
import { KinesisRecord, type RecordTenure } from '../../../src/source/kinesis-record';
import { outputOf } from '../../../src/source/output';
import { ReceiveBudget } from '../../../src/source/receive-budget';
import { ALL_PROPERTIES, propertiesBuilder } from '../../../src/source/record-properties';
import { RetainedAnswer } from '../../../src/source/retained-answer';

const page = readFileSync('docs/source-records.md', 'utf8');

/** Cells of the rows of all tables, without the marks of code. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim().replace(/^`|`$/g, '')))
  .map(([, ...cells]) => cells.slice(0, -1));

/** Name and example of the properties that start so. */
const examples = (...starts: readonly string[]): { [name: string]: string } =>
  Object.fromEntries(
    rows
      .filter(([name = '', , value]) => starts.some((start) => name.startsWith(start)) && value !== '')
      .map(([name = '', , value = '']) => [name, value]),
  );

/** The record of the examples, with other data where that is wanted. */
function example(data = '{"id":1}'): { record: KinesisRecord; failed: Error[] } {
  const failed: Error[] = [];
  const tenure: RecordTenure = {
    id: 'orders',
    shardId: 'shardId-000000000001',
    streamName: 'orders',
    schema: outputOf('envelope').schema,
    destinationTopic: undefined,
    deliverable: () => true,
    keyOf: (record) => record.partitionKey,
    propertiesOf: propertiesBuilder(ALL_PROPERTIES),
    confirmed: () => undefined,
    refused: (_record, cause) => failed.push(cause),
  };
  const raw: RawRecord = {
    data: Buffer.alloc(0),
    partitionKey: 'customer-7',
    sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
    approximateArrival: Date.UTC(2024, 4, 1, 12, 0, 0, 250),
    encryptionType: 'KMS',
  };
  const answer = new RetainedAnswer(new ReceiveBudget(1e6), 42, Date.UTC(2024, 4, 1, 12, 0, 1));
  const part = {
    data: Buffer.from(data),
    subSequenceNumber: 2,
    partitionKey: undefined,
    explicitHashKey: '123',
  };
  return { record: new KinesisRecord(tenure, answer, raw, 0, part), failed };
}

it('the page has an example of every property, and it is what the source writes', () => {
  expect(example().record.properties).toEqual(examples('kinesis.'));
  expect(Object.keys(examples('kinesis.')).sort()).toEqual([...ALL_PROPERTIES].sort());
});

it('the envelope of the page is what the source writes', () => {
  const [envelope] = outputOf('envelope').of([example().record]);
  expect(page).toContain(`\`\`\`json\n${Buffer.from(envelope?.value ?? []).toString()}\n\`\`\`\n`);
});

it('the dead letter of the page is what the source writes', () => {
  const { record, failed } = example('{"id":1');
  outputOf('json').of([record]);
  const [cause = new Error('it was taken')] = failed;
  const order: DeadLetterOrder = {
    topic: 'dead',
    record,
    properties: record.properties,
    cause,
    truncate: false,
  };
  const letter = letterOfRecord(order, 'orders', { chunks: true, maxMessageBytes: undefined });
  expect(letter.properties).toEqual(examples('kinesis.', 'REAL_TOPIC', 'pulsar-io-kinesis.'));
});

it('the codes of the page are codes', () => {
  const codes = page.match(/`[A-Z]+(_[A-Z]+)+`/g) ?? [];
  const others = ['`REAL_TOPIC`', '`SHARD_ID`'];
  for (const code of codes.filter((one) => !others.includes(one))) {
    expect(() => new ConnectorError(code.slice(1, -1) as 'USAGE', '')).not.toThrow();
  }
  expect(codes).toContain('`DEAD_LETTER_REFUSED`');
});
