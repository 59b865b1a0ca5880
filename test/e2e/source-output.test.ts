import { randomFillSync } from 'node:crypto';
import { loadConfigObject } from '../../src/config';
import { type Emulator, startEmulator } from '../../src/emulator';
import { runSource } from '../../src/runtime/run';
import { silentLogger } from '../../src/util/logger';
import { type PulsarBroker, startPulsarBroker } from '../support/pulsar-broker';
import { type ReadMessage, readTopic } from '../support/pulsar-reader';

jest.setTimeout(120_000);

const MIB = 1024 * 1024;
const AVRO = JSON.stringify({
  type: 'record',
  name: 'Order',
  fields: [{ name: 'id', type: 'long' }],
});

let broker: PulsarBroker;
let emulator: Emulator;

beforeAll(async () => {
  [broker, emulator] = await Promise.all([startPulsarBroker(), startEmulator()]);
}, 300_000);

afterAll(() => Promise.all([broker.dispose(), emulator.close()]));

/** A stream of one shard that holds `payloads`, read to its end by a source of those options. */
async function deliver(
  stream: string,
  payloads: readonly (string | Buffer)[],
  configs: object,
  source: object = {},
): Promise<void> {
  emulator.kinesis.call('CreateStream', { StreamName: stream, ShardCount: 1 });
  const { StreamDescriptionSummary } = emulator.kinesis.call('DescribeStreamSummary', { StreamName: stream });
  emulator.kinesis.call('UpdateMaxRecordSize', {
    StreamARN: StreamDescriptionSummary.StreamARN,
    MaxRecordSizeInKiB: 10 * 1024,
  });
  for (const [i, payload] of payloads.entries()) {
    const Data = Buffer.from(payload as string).toString('base64');
    emulator.kinesis.call('PutRecord', { StreamName: stream, PartitionKey: `key-${i}`, Data });
  }
  const config = loadConfigObject(
    {
      pulsar: { serviceUrl: broker.serviceUrl },
      aws: {
        region: 'us-east-1',
        credentials: { type: 'static', accessKeyId: 'test', secretAccessKey: 'test' },
        endpoints: { kinesis: emulator.kinesisEndpoint, dynamodb: emulator.dynamodbEndpoint },
      },
      sources: [
        {
          name: stream,
          sourceType: 'kinesis',
          topicName: stream,
          ...source,
          configs: {
            awsKinesisStreamName: stream,
            initialPositionInStream: 'TRIM_HORIZON',
            useEnhancedFanOut: false,
            ...configs,
          },
        },
      ],
    },
    'test',
    { env: {} },
  );
  const run = { config, untilCaughtUp: true, signal: new AbortController().signal, logger: silentLogger };
  expect(await runSource(run)).toBe('drained');
}

const schemaOf = async (topic: string) =>
  JSON.parse((await broker.admin('GET', `/schemas/public/default/${topic}/schema`)) ?? '{}');
const texts = (messages: readonly ReadMessage[]): string[] =>
  messages.map(({ payload }) => payload.toString());

test('a record of 10 MiB arrives byte for byte and in its place, at a reader that is not ours', async () => {
  const large = randomFillSync(Buffer.alloc(10 * MIB - 'key-1'.length));
  await deliver('large', ['before', large, 'between', large.subarray(0, 6 * MIB), 'after'], {});
  const messages = await readTopic(broker.wsUrl, 'large', 5, 60_000);
  expect(messages.map(({ key }) => key)).toEqual(['key-0', 'key-1', 'key-2', 'key-3', 'key-4']);
  expect(messages.map(({ payload }) => payload.length)).toEqual([6, large.length, 7, 6 * MIB, 5]);
  expect(messages[1]?.payload.equals(large)).toBe(true);
  expect(messages[3]?.payload.equals(large.subarray(0, 6 * MIB))).toBe(true);
  expect(messages[1]?.properties['kinesis.partition.key']).toBe('key-1');
  expect(messages[1]?.eventTime).toBeGreaterThan(0);
});

test('without chunks it becomes a dead letter, in chunks and whole', async () => {
  const large = randomFillSync(Buffer.alloc(6 * MIB));
  const producerConfig = { chunkingEnabled: false };
  await deliver(
    'refused',
    ['before', large, 'after'],
    { deadLetterTopic: 'refused-dlq' },
    { producerConfig },
  );
  expect(texts(await readTopic(broker.wsUrl, 'refused', 2))).toEqual(['before', 'after']);
  const [letter] = await readTopic(broker.wsUrl, 'refused-dlq', 1, 60_000);
  expect(letter?.payload.equals(large)).toBe(true);
  expect(letter?.key).toBe('key-1');
  expect(letter?.properties).toMatchObject({
    REAL_TOPIC: 'refused',
    'kinesis.stream': 'refused',
    'pulsar-io-kinesis.error.code': 'PULSAR_MESSAGE_TOO_LARGE',
  });
});

test('the schema of each format is registered, and what is not of the format becomes a dead letter', async () => {
  await deliver('strings', ['text', Buffer.of(0xff)], {
    outputFormat: 'string',
    deadLetterTopic: 'formats-dlq',
  });
  await deliver('jsons', ['{"a":1}', 'no JSON'], { outputFormat: 'json', deadLetterTopic: 'formats-dlq' });
  await deliver('envelopes', ['text'], { outputFormat: 'envelope' });
  expect(texts(await readTopic(broker.wsUrl, 'strings', 1))).toEqual(['text']);
  expect(texts(await readTopic(broker.wsUrl, 'jsons', 1))).toEqual(['{"a":1}']);
  const [envelope] = texts(await readTopic(broker.wsUrl, 'envelopes', 1));
  expect(JSON.parse(envelope ?? '')).toMatchObject({ data: Buffer.from('text').toString('base64') });
  const letters = await readTopic(broker.wsUrl, 'formats-dlq', 2);
  expect(letters.map(({ payload }) => payload.toString('latin1'))).toEqual(['\u00ff', 'no JSON']);
  expect((await schemaOf('strings')).type).toBe('STRING');
  expect(await schemaOf('jsons')).toMatchObject({ type: 'JSON' });
  const { type, data } = await schemaOf('envelopes');
  expect(type).toBe('JSON');
  expect(Object.keys(JSON.parse(envelope ?? ''))).toEqual(
    JSON.parse(data).fields.map(({ name }: { name: string }) => name),
  );
});

test('a topic that has another schema takes bytes, and refuses other formats, which become dead letters', async () => {
  const schema = { type: 'AVRO', schema: AVRO, properties: {} };
  await broker.admin('POST', '/schemas/public/default/orders/schema', schema);
  const topicName = 'orders';
  await deliver(
    'to-avro',
    ['{"id":1}', '{"id":2}'],
    { outputFormat: 'json', deadLetterTopic: 'orders-dlq' },
    { topicName },
  );
  const letters = await readTopic(broker.wsUrl, 'orders-dlq', 2);
  expect(texts(letters)).toEqual(['{"id":1}', '{"id":2}']);
  expect(letters[0]?.properties['pulsar-io-kinesis.error.code']).toBe('PULSAR_SCHEMA_REFUSED');
  await deliver('bytes-to-avro', [Buffer.of(2)], {}, { topicName });
  expect((await readTopic(broker.wsUrl, 'orders', 1))[0]?.payload).toEqual(Buffer.of(2));
});
