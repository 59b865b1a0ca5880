import { brokerAddresses } from '../../../src/pulsar/protocol/service-url';
import { fullTopicName } from '../../../src/pulsar/protocol/topic-name';

test.each([
  ['pulsar://localhost:6650', [{ host: 'localhost', port: 6650 }]],
  ['pulsar://broker', [{ host: 'broker', port: 6650 }]],
  ['pulsar://broker:80/', [{ host: 'broker', port: 80 }]],
  ['pulsar://[::1]:6651', [{ host: '::1', port: 6651 }]],
  [
    'pulsar://a:1,b:2',
    [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ],
  ],
])('%s names its brokers', (url, addresses) => {
  expect(brokerAddresses(url)).toEqual(addresses);
});

test.each([
  'http://a',
  'pulsar+ssl://a:6651',
  'pulsar://',
  'pulsar://a/b',
  'pulsar://a:99999',
  'pulsar://a,,b',
  'pulsar://a b',
])('%s is refused', (url) => {
  expect(() => brokerAddresses(url)).toThrow(expect.objectContaining({ kind: 'invalid-url' }));
});

test.each([
  ['a', 'persistent://public/default/a'],
  ['t/n/a', 'persistent://t/n/a'],
  ['persistent://t/n/a', 'persistent://t/n/a'],
  ['non-persistent://t/n/a/b', 'non-persistent://t/n/a/b'],
])('the full name of %s is %s', (short, full) => {
  expect(fullTopicName(short)).toBe(full);
});

test.each(['', 'a/b', 't//a', 'persistent://t/a', 'queue://t/n/a'])("'%s' is no topic name", (topic) => {
  expect(() => fullTopicName(topic)).toThrow(expect.objectContaining({ kind: 'invalid-topic' }));
});
