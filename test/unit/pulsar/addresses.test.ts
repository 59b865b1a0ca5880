import { asProtocolError } from '../../../src/pulsar/protocol';
import { ProtocolError } from '../../../src/pulsar/protocol/protocol-error';
import { namedUrl, parseServiceUrl, ServiceAddresses } from '../../../src/pulsar/protocol/service-url';
import { fullTopicName } from '../../../src/pulsar/protocol/topic-name';

test.each([
  ['pulsar://localhost:6650', [{ host: 'localhost', port: 6650 }]],
  ['pulsar://broker', [{ host: 'broker', port: 6650 }]],
  ['pulsar://broker:80/', [{ host: 'broker', port: 80 }]],
  ['pulsar://[::1]:6651', [{ host: '::1', port: 6651 }]],
  ['http://broker', [{ host: 'broker', port: 80 }]],
  ['https://broker', [{ host: 'broker', port: 443, tls: true }]],
  [
    'pulsar+ssl://a,b:2',
    [
      { host: 'a', port: 6651, tls: true },
      { host: 'b', port: 2, tls: true },
    ],
  ],
])('%s names its brokers', (url, addresses) => {
  expect(parseServiceUrl(url).addresses).toEqual(addresses);
});

test.each(['ftp://a', 'pulsar://', 'pulsar://a/b', 'pulsar://a:99999', 'pulsar://a,,b', 'pulsar://a b'])(
  '%s is refused',
  (url) => {
    expect(() => parseServiceUrl(url)).toThrow(expect.objectContaining({ kind: 'invalid-url' }));
  },
);

test('what a service with TLS names must have TLS', () => {
  expect(namedUrl('pulsar+ssl://a', true)).toBe('pulsar+ssl://a');
  expect(namedUrl('pulsar://a', false)).toBe('pulsar://a');
  expect(() => namedUrl('pulsar://a', true)).toThrow(expect.objectContaining({ kind: 'tls' }));
  expect(() => namedUrl('', true)).toThrow(expect.objectContaining({ kind: 'unsupported' }));
});

describe('of several addresses', () => {
  const [a, b, c] = parseServiceUrl('pulsar://a,b,c').addresses;
  const down = new ProtocolError('unavailable', 'down');

  /** Asks at once `times`, with the hosts that are down; which hosts were tried, and how it ended. */
  async function ask(addresses: ServiceAddresses, isDown: readonly string[]): Promise<string[]> {
    const tried: string[] = [];
    await addresses
      .reach(async ({ host }) => {
        tried.push(host);
        if (isDown.includes(host)) {
          throw down;
        }
      })
      .catch((error) => tried.push(asProtocolError(error, 'unknown').kind));
    return tried;
  }

  test('one that is not reached is tried last from then on', async () => {
    const addresses = new ServiceAddresses([a, b, c].filter((it) => it !== undefined));
    expect(await ask(addresses, ['a'])).toEqual(['a', 'b']);
    expect(await ask(addresses, ['b'])).toEqual(['b', 'c']);
    expect(await ask(addresses, [])).toEqual(['c']);
    expect(await ask(addresses, ['a', 'b', 'c'])).toEqual(['c', 'a', 'b', 'unavailable']);
  });

  test('many that ask at once leave none out', async () => {
    const addresses = new ServiceAddresses([a, b, c].filter((it) => it !== undefined));
    const asked = await Promise.all([1, 2, 3].map(() => ask(addresses, ['a'])));
    expect(asked).toEqual([1, 2, 3].map(() => ['a', 'b']));
  });

  test('what another address would refuse as well is not asked there', async () => {
    const refused = new ServiceAddresses([a, b].filter((it) => it !== undefined)).reach(async () => {
      throw new ProtocolError('authentication', 'refused');
    });
    await expect(refused).rejects.toMatchObject({ kind: 'authentication' });
  });
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
