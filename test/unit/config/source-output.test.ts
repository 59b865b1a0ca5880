import { loadConfigObject, parseKinesisSourceConfig, resolveConfig } from '../../../src/config';
import { fillTopic, topicOf } from '../../../src/config/topic-template';

const STREAM = { awsKinesisStreamName: 'orders', awsRegion: 'eu-central-1', useEnhancedFanOut: false };
const VALUES = { stream: 'orders', shardId: 'shardId-000000000001' };

const parse = (configs: object) => parseKinesisSourceConfig({ ...STREAM, ...configs }, () => undefined, 0);

describe('what becomes of records that can never be stored', () => {
  test.each([
    [{}, 'fail', undefined],
    [{ deadLetterTopic: '' }, 'fail', undefined],
    [{ deadLetterTopic: 'dead' }, 'dlq', 'dead'],
    [{ deadLetterTopic: 'dead', onError: 'dlq' }, 'dlq', 'dead'],
    [{ deadLetterTopic: 'dead', onError: 'skip' }, 'skip', 'dead'],
    [{ onError: 'fail' }, 'fail', undefined],
  ])('%j is %s', (configs, onError, deadLetterTopic) => {
    expect(parse(configs)).toMatchObject({ onError });
    expect(parse(configs).deadLetterTopic).toBe(deadLetterTopic);
  });

  test('a dead-letter topic that is never used is told of', () => {
    const raw = {
      name: 'o',
      topicName: 'o',
      configs: { ...STREAM, deadLetterTopic: 'dead', onError: 'skip' },
    };
    expect(resolveConfig(raw, 'x.json', { env: {} })).toMatchObject({
      problems: [],
      notices: expect.arrayContaining([
        { path: 'configs.deadLetterTopic', message: 'without effect: onError is skip' },
      ]),
    });
  });
});

describe('a topic with names of values', () => {
  const TEMPLATE = `persistent://public/default/\${stream}-\${shardId}`;
  const one = { name: 'o', topicName: TEMPLATE, configs: { ...STREAM, deadLetterTopic: `\${stream}-dead` } };

  test.each([
    ['in a file of one source', one],
    ['in a list', { sources: [one] }],
  ])('%s is left to the records', (_place, raw) => {
    const [source] = loadConfigObject(raw, 'x.json', { env: {} }).sources;
    expect(source?.topicName).toBe(TEMPLATE);
    expect(source?.configs.deadLetterTopic).toBe(`\${stream}-dead`);
    expect(topicOf(TEMPLATE, VALUES)).toBe('persistent://public/default/orders-shardId-000000000001');
  });

  test('may hold references to the environment, and be given by one', () => {
    const raw = (topicName: string) => ({ ...one, topicName });
    const options = { env: { STAGE: 'test', TOPIC: TEMPLATE } };
    const topicIn = (topicName: string) =>
      loadConfigObject(raw(topicName), 'x.json', options).sources[0]?.topicName;
    expect(topicIn(`\${env:STAGE}-\${stream}`)).toBe(`test-\${stream}`);
    expect(topicIn(`\${env:TOPIC}`)).toBe(TEMPLATE);
  });

  test.each([`a-\${partitionKey}`, `a-\${}`, `a-\${stream`, `a-\${stream}-\${__proto__}`])(
    '%s is refused, in the file and from the environment',
    (topicName) => {
      for (const given of [topicName, `\${env:TOPIC}`]) {
        const raw = { ...one, topicName: given };
        const { problems } = resolveConfig(raw, 'x.json', { env: { TOPIC: topicName } });
        const found = problems.map(({ path, code }) => `${path} ${code}`);
        expect(new Set(found)).toEqual(new Set(['topicName CONFIG_REFERENCE']));
      }
    },
  );

  test('is the same for all records when it names none', () => {
    expect(topicOf('orders', VALUES)).toBeUndefined();
    expect(fillTopic('orders', VALUES)).toBe('orders');
  });

  test('what a stream may be called never makes another topic of it', () => {
    expect(fillTopic(`t-\${stream}`, { ...VALUES, stream: '$&.$1-_Z9' })).toBe('t-$&.$1-_Z9');
  });
});
