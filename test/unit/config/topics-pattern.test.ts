import { TopicsPattern } from '../../../src/config/topics-pattern';

const TOPIC = 'persistent://public/default/orders-eu';

test.each([
  ['orders-.*', TOPIC, true],
  ['public/default/orders-.*', TOPIC, true],
  ['persistent://public/default/orders-(eu|us)', TOPIC, true],
  ['orders', TOPIC, false],
  ['eu', TOPIC, false],
  ['orders-eu|x', `${TOPIC}y`, false],
  ['orders-eu', `${TOPIC}-partition-7`, true],
  ['orders-eu-partition-7', `${TOPIC}-partition-7`, false],
  ['tenant/default/.*', TOPIC, false],
  ['my-tenant/a.b/x/y', 'persistent://my-tenant/a.b/x/y', true],
  ['my-tenant/a.b/.*', 'persistent://my-tenant/a-b/x', false],
  ['orders-.*', 'non-persistent://public/default/orders-eu', false],
])('%s: %s matches: %s', (pattern, topic, matches) => {
  expect(new TopicsPattern(pattern).matches(topic)).toBe(matches);
});

test.each([
  ['orders-(', 'Invalid regular expression'],
  // Java quotes what stands between; here it would be the two letters.
  ['\\Qorders.eu\\E', 'Invalid'],
  ['public/.*/orders', 'tenant and namespace'],
  ['public/orders', 'tenant and namespace'],
  ['non-persistent://public/default/.*', 'only persistent'],
])('%s is none: %s', (pattern, reason) => {
  expect(() => new TopicsPattern(pattern)).toThrow(reason);
});
