import { parseKinesisSourceConfig } from '../../../src/config';
import { problemsOf } from './support';

const base = { awsKinesisStreamName: 'orders', awsRegion: 'eu-central-1', applicationName: 'app' };
const ARN = 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders';
const CONSUMER = `${ARN}/consumer/reader:1714521600`;

const parse = (options: object) => parseKinesisSourceConfig({ ...base, ...options }, () => undefined, 0);
const retrieval = (options: object) => parse(options).retrieval;
const problems = (options: object) =>
  problemsOf(() => parse(options)).map(({ path, code }) => `${path} ${code}`);

test.each([
  ['polling', {}],
  ['polling', { useEnhancedFanOut: false }],
  ['polling', { useEnhancedFanOut: false, retrievalMode: 'polling' }],
  ['fan-out', { useEnhancedFanOut: true }],
  ['fan-out', { useEnhancedFanOut: true, retrievalMode: 'fan-out' }],
  ['fan-out', { retrievalMode: 'fan-out' }],
  ['auto', { retrievalMode: 'auto' }],
])('%s is meant by %j', (mode, options) => {
  expect(retrieval(options).mode).toBe(mode);
});

test.each([
  { useEnhancedFanOut: true, retrievalMode: 'polling' },
  { useEnhancedFanOut: false, retrievalMode: 'auto' },
])('%j contradicts itself', (options) => {
  expect(problems(options)).toEqual(['configs.retrievalMode CONFIG_CROSS_FIELD']);
});

test('the consumer has the name it is given under either option, or that of the application', () => {
  expect(retrieval({}).consumer).toEqual({ name: 'app' });
  expect(retrieval({ efoConsumerName: '', consumerArn: '' }).consumer).toEqual({ name: 'app' });
  expect(retrieval({ efoConsumerName: 'reader' }).consumer).toEqual({ name: 'reader' });
  expect(retrieval({ consumerName: 'reader' }).consumer).toEqual({ name: 'reader' });
  expect(retrieval({ consumerName: 'reader', efoConsumerName: 'reader' }).consumer).toEqual({
    name: 'reader',
  });
  expect(retrieval({ consumerArn: CONSUMER }).consumer).toEqual({ arn: CONSUMER });
});

test('two names for one consumer are one too many', () => {
  expect(problems({ consumerName: 'a', efoConsumerName: 'b' })).toEqual([
    'configs.consumerName CONFIG_CROSS_FIELD',
  ]);
  expect(problems({ consumerArn: CONSUMER, consumerName: 'reader' })).toEqual([
    'configs.consumerArn CONFIG_CROSS_FIELD',
  ]);
});

test('a consumer belongs to the stream that is read', () => {
  expect(problems({ awsKinesisStreamName: ARN, consumerArn: CONSUMER })).toEqual([]);
  for (const awsKinesisStreamName of [
    'payments',
    ARN.replace('123456789012', '210987654321'),
    ['orders', 'payments'],
    'ord*',
  ]) {
    expect(problems({ awsKinesisStreamName, consumerArn: CONSUMER })).toContain(
      'configs.consumerArn CONFIG_CROSS_FIELD',
    );
  }
});

test('an application name that no consumer may have needs another one, where there is a consumer', () => {
  const applicationName = 'a'.repeat(129);
  expect(problems({ applicationName })).toEqual([]);
  expect(problems({ applicationName, retrievalMode: 'auto' })).toEqual([
    'configs.efoConsumerName CONFIG_CROSS_FIELD',
  ]);
  expect(retrieval({ applicationName, retrievalMode: 'auto', efoConsumerName: 'a' }).consumer).toEqual({
    name: 'a',
  });
});

test('a consumer of others is not deregistered here', () => {
  expect(problems({ consumerArn: CONSUMER, efoLifecycle: 'managed' })).toEqual([
    'configs.efoLifecycle CONFIG_CROSS_FIELD',
  ]);
});
