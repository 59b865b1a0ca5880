import type { RawRecord } from '../../../src/aws/kinesis-api';
import type { KinesisSourceConfig } from '../../../src/config';
import { ConnectorError } from '../../../src/errors';
import type { DeadLetterOrder, Record } from '../../../src/io';
import { MetricRegistry } from '../../../src/metrics/registry';
import { DeliveryTimer } from '../../../src/source/delivery-timer';
import { KinesisRecord, type SubRecord } from '../../../src/source/kinesis-record';
import { checkOutput, outputOf } from '../../../src/source/output';
import { ReceiveBudget } from '../../../src/source/receive-budget';
import { ALL_PROPERTIES } from '../../../src/source/record-properties';
import { RecordRefusals } from '../../../src/source/record-refusals';
import { RetainedAnswer } from '../../../src/source/retained-answer';
import { ShardTenure } from '../../../src/source/shard-tenure';
import type { ExtendedSequenceNumber } from '../../../src/stream/extended-sequence-number';
import type { LogFields, Logger } from '../../../src/util/logger';
import { ManualClock } from '../../support/manual-clock';

const SEQUENCE = '49590338271490256608559692538361571095921575989136588898';
const ARRIVED = Date.UTC(2024, 4, 1, 12, 0, 0, 250);
const READ = Date.UTC(2024, 4, 1, 12, 0, 1);

type Format = KinesisSourceConfig['outputFormat'];
type Policy = Pick<KinesisSourceConfig, 'onError' | 'deadLetterTopic' | 'dlqOversize'>;

function setUp(format: Format, policy: Policy = { onError: 'fail' }) {
  const clock = new ManualClock();
  const metrics = new MetricRegistry();
  const published = metrics.reader();
  const fatal: Error[] = [];
  const letters: DeadLetterOrder[] = [];
  const lines: { readonly fields: LogFields; readonly message: string }[] = [];
  const confirmed: ExtendedSequenceNumber[] = [];
  const lease = { shardId: 'shardId-000000000001', valid: true };
  const warn: Logger['warn'] = (fields, message) => lines.push({ fields, message });
  const refusals = new RecordRefusals({
    config: policy,
    context: {
      clock,
      metrics,
      logger: { warn } as Logger,
      fatal: (error) => fatal.push(error),
      deadLetter: (order) => letters.push(order),
    },
  });
  const output = outputOf(format);
  const tenure = new ShardTenure({
    lease: {
      shardId: lease.shardId,
      name: `orders/${lease.shardId}`,
      isValid: () => lease.valid,
      confirm: ({ sequenceNumber, subSequenceNumber }) =>
        confirmed.push({ sequenceNumber, subSequenceNumber }),
    },
    streamName: 'orders',
    messageKeyMode: 'PARTITION_KEY',
    properties: ALL_PROPERTIES,
    schema: output.schema,
    destinationTopic: undefined,
    timer: new DeliveryTimer(clock, { record: () => undefined }),
    delivered: { add: () => undefined },
    onRefused: (record, cause, inTurn) => refusals.refuse(record, cause, 'orders', inTurn),
  });
  const read = (payloads: readonly (string | Uint8Array)[], part?: Partial<SubRecord>): KinesisRecord[] => {
    const answer = new RetainedAnswer(new ReceiveBudget(1e9), 42, READ);
    const records = payloads.map((payload, i) => {
      const data = Buffer.from(payload as string);
      const raw: RawRecord = {
        data,
        partitionKey: 'key "1"',
        sequenceNumber: `${BigInt(SEQUENCE) + BigInt(i)}`,
        approximateArrival: ARRIVED,
        encryptionType: 'KMS',
      };
      const sub = {
        subSequenceNumber: 0,
        data,
        partitionKey: undefined,
        explicitHashKey: undefined,
        ...part,
      };
      return new KinesisRecord(tenure, answer, raw, i, part && sub);
    });
    answer.retain(records);
    tenure.append(records);
    return records;
  };
  const one = (payload: string | Uint8Array, part?: Partial<SubRecord>): KinesisRecord =>
    read([payload], part)[0] as KinesisRecord;
  const skipped = () => published.read().filter(({ name }) => name === 'records_skipped');
  return { clock, lease, output, tenure, read, one, fatal, letters, lines, confirmed, skipped };
}

const textsOf = (records: readonly { readonly value: Uint8Array }[]): string[] =>
  records.map(({ value }) => Buffer.from(value).toString());

describe('properties', () => {
  it('all of them say what Kinesis and the connector know of a record', () => {
    const { one } = setUp('bytes');
    expect(one('x', { subSequenceNumber: 7, explicitHashKey: '123' }).properties).toEqual({
      'kinesis.arrival.timestamp': '2024-05-01T12:00:00.250Z',
      'kinesis.encryption.type': 'KMS',
      'kinesis.partition.key': 'key "1"',
      'kinesis.sequence.number': SEQUENCE,
      'kinesis.subsequence.number': '7',
      'kinesis.shard.id': 'shardId-000000000001',
      'kinesis.stream': 'orders',
      'kinesis.millis.behind.latest': '42',
      'kinesis.explicit.hash.key': '123',
      'kinesis.ingest.timestamp': '2024-05-01T12:00:01Z',
      'kinesis.sharded.sequence.number': `${SEQUENCE}00000000000000000007`,
    });
  });

  it('what a record does not have is left out', () => {
    const { one } = setUp('bytes');
    expect(one('x').properties).not.toHaveProperty(['kinesis.explicit.hash.key']);
  });
});

describe('formats', () => {
  it('bytes: what was put, and no schema', () => {
    const { output, read } = setUp('bytes');
    const records = read(['\u0000', Buffer.of(0xff), '']);
    expect(output.of(records)).toBe(records);
    expect(records[0]?.schema).toMatchObject({ type: 'BYTES' });
  });

  it.each([
    ['string', ['text', '', 'ü', '\u0000'], [Buffer.of(0xff), Buffer.from('eda080', 'hex')], 'STRING'],
    ['json', ['{"a":1}', ' 5 ', '"ü"'], ['', '{', Buffer.of(0x22, 0xff, 0x22)], 'JSON'],
  ] as const)('%s: the bytes as they are, and only those that are it', (format, good, bad, type) => {
    const { output, read, skipped } = setUp(format, { onError: 'skip' });
    const mixed = [good[0], bad[0], ...good.slice(1), ...bad.slice(1)];
    const records = read(mixed);
    const out = output.of(records);
    expect(textsOf(out)).toEqual(good);
    expect(out).toEqual(records.filter((_, i) => (good as readonly unknown[]).includes(mixed[i])));
    expect(out[0]?.schema.type).toBe(type);
    expect(skipped()).toMatchObject([
      { labels: { stream: 'orders', reason: 'SOURCE_RECORD_INVALID' }, sum: bad.length },
    ]);
  });

  it('a record that is not of the format is told of without what is in it', () => {
    const { output, one, fatal } = setUp('json');
    output.of([one('{"password":"hunter2"')]);
    const [error] = fatal;
    expect(error).toMatchObject({ code: 'SOURCE_RECORD_INVALID', found: 'an end too soon' });
    expect(error?.message).toContain(`record ${SEQUENCE} of shardId-000000000001 in orders`);
    expect(JSON.stringify([error, error?.message])).not.toContain('hunter2');
  });

  it('envelope: one object of data and metadata, as its schema says, whatever the bytes are', () => {
    const { output, one } = setUp('envelope');
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const [record] = output.of([one(bytes, { subSequenceNumber: 2 })]) as [Record<Uint8Array>];
    const envelope = JSON.parse(Buffer.from(record.value).toString());
    expect(envelope).toEqual({
      partition_key: 'key "1"',
      data: bytes.toString('base64'),
      kinesis_ingestion_timestamp: ARRIVED,
      ingestion_timestamp: READ,
      stream: 'orders',
      shardId: 'shardId-000000000001',
      approximateArrival: '2024-05-01T12:00:00.250Z',
      partitionKey: 'key "1"',
      sequenceNumber: SEQUENCE,
      subSequenceNumber: 2,
      shardedSequenceNumber: `${SEQUENCE}00000000000000000002`,
    });
    const { type, definition } = record.schema;
    const { fields } = JSON.parse(definition) as { fields: { name: string }[] };
    expect(type).toBe('JSON');
    expect(fields.map(({ name }) => name)).toEqual(Object.keys(envelope));
  });

  it('envelope: key, event time, properties and fate are those of the record', () => {
    const { output, one, confirmed, tenure } = setUp('envelope');
    const kinesis = one('x');
    const [record] = output.of([kinesis]);
    expect(record).toMatchObject({
      key: 'key "1"',
      eventTime: ARRIVED,
      properties: kinesis.properties,
      partition: tenure,
      partitionId: 'orders/shardId-000000000001',
      destinationTopic: undefined,
    });
    const before = record?.value;
    record?.ack();
    expect(record?.value).toBe(before);
    expect(confirmed).toEqual([{ sequenceNumber: SEQUENCE, subSequenceNumber: 0 }]);
  });
});

describe('records that can never be stored', () => {
  const tooLarge = new ConnectorError('PULSAR_MESSAGE_TOO_LARGE', 'too large');

  it('fail: the source ends, and nothing of the shard is sent any more', () => {
    const { one, fatal, tenure, confirmed, lines } = setUp('bytes');
    one('x').fail(tooLarge);
    expect(fatal).toEqual([tooLarge]);
    expect(tenure.deliverable()).toBe(false);
    expect(confirmed).toEqual([]);
    expect(lines[0]?.fields).toMatchObject({ shardId: 'shardId-000000000001', sequenceNumber: SEQUENCE });
  });

  it('skip: it is counted and told of, and the checkpoint goes on behind it', () => {
    const { read, fatal, confirmed, lines, skipped } = setUp('bytes', { onError: 'skip' });
    const [first, second] = read(['x', 'y']);
    second?.ack();
    expect(confirmed).toEqual([]);
    first?.fail(tooLarge);
    expect(confirmed).toEqual([{ sequenceNumber: second?.sequenceNumber, subSequenceNumber: 0 }]);
    expect(fatal).toEqual([]);
    expect(skipped()).toMatchObject([{ labels: { reason: 'PULSAR_MESSAGE_TOO_LARGE' }, sum: 1 }]);
    expect(lines).toMatchObject([
      {
        message: 'a record can never be stored; it is passed over',
        fields: { code: 'PULSAR_MESSAGE_TOO_LARGE', sequenceNumber: SEQUENCE, records: 1 },
      },
    ]);
  });

  it('dlq: it is confirmed only once the dead letter is stored, and what is behind it goes on', () => {
    const { read, letters, confirmed, tenure } = setUp('bytes', {
      onError: 'dlq',
      deadLetterTopic: `\${stream}-\${shardId}-dead`,
    });
    const [first, second] = read(['x', 'y']);
    first?.fail(tooLarge);
    second?.ack();
    expect(tenure.deliverable()).toBe(true);
    expect(confirmed).toEqual([]);
    expect(letters).toMatchObject([
      { topic: 'orders-shardId-000000000001-dead', record: first, cause: tooLarge, truncate: false },
    ]);
    expect(letters[0]?.properties).toEqual(first?.properties);
    letters[0]?.record.ack();
    expect(confirmed).toEqual([{ sequenceNumber: second?.sequenceNumber, subSequenceNumber: 0 }]);
  });

  it('the dead letter of an envelope holds what was put', () => {
    const { output, one, letters } = setUp('envelope', { onError: 'dlq', deadLetterTopic: 'dead' });
    output.of([one('payload')])[0]?.fail(tooLarge);
    expect(textsOf(letters.map(({ record }) => record))).toEqual(['payload']);
  });

  it.each(['fail', 'dlq', 'skip'] as const)('%s: nothing is decided once the lease is lost', (onError) => {
    const { one, lease, fatal, letters, confirmed, skipped, lines } = setUp('bytes', {
      onError,
      deadLetterTopic: 'dead',
    });
    const record = one('x');
    lease.valid = false;
    record.fail(tooLarge);
    expect([fatal, letters, confirmed, skipped(), lines]).toEqual([[], [], [], [], []]);
  });

  it('a record that was dropped with its shard, or confirmed, is not decided about either', () => {
    const { read, tenure, letters } = setUp('bytes', { onError: 'dlq', deadLetterTopic: 'dead' });
    const [first, second] = read(['x', 'y']);
    first?.ack();
    tenure.drop();
    first?.fail(tooLarge);
    second?.fail(tooLarge);
    expect(letters).toEqual([]);
  });

  it('a flood of them is told of every ten seconds, with how many there were', async () => {
    const { read, lines, clock } = setUp('bytes', { onError: 'skip' });
    const records = read(Array.from({ length: 500 }, () => 'x'));
    for (const record of records.slice(0, 400)) {
      record.fail(tooLarge);
    }
    await clock.advance(10_000);
    for (const record of records.slice(400)) {
      record.fail(tooLarge);
    }
    expect(lines.map(({ fields }) => fields.records)).toEqual([1, 400]);
  });
});

describe('what is refused at the start', () => {
  const check =
    (policy: Policy, storesAnySize: boolean, outputTopic = 'orders') =>
    () =>
      checkOutput(policy, { outputTopic, storesAnySize });

  it('dead letters that a transport without chunks could not store, unless it is said what becomes of them', () => {
    const dlq = { onError: 'dlq', deadLetterTopic: 'dead' } as const;
    const code = expect.objectContaining({ code: 'DEAD_LETTER_OVERSIZE' });
    expect(check(dlq, false)).toThrow(code);
    expect(check(dlq, true)).not.toThrow();
    expect(check({ ...dlq, dlqOversize: 'truncate' }, false)).not.toThrow();
    expect(check({ ...dlq, dlqOversize: 'fail' }, false)).not.toThrow();
    expect(check({ onError: 'skip' }, false)).not.toThrow();
  });

  it('a topic with a name that stands for nothing', () => {
    expect(check({ onError: 'fail' }, true, `a-\${key}`)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
    expect(check({ onError: 'fail' }, true, `a-\${stream}`)).not.toThrow();
  });
});
