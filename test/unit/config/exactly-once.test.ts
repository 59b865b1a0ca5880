import { loadConfigObject } from '../../../src/config';
import { isConnectorError } from '../../../src/errors';

function load(
  source: object,
  pulsar: object = { serviceUrl: 'pulsar://localhost:6650' },
  configs: object = {},
) {
  return loadConfigObject(
    {
      pulsar,
      aws: { region: 'eu-central-1' },
      sources: [
        {
          name: 'flights',
          topicName: 'flights',
          sourceType: 'kinesis',
          processingGuarantees: 'EFFECTIVELY_ONCE',
          ...source,
          configs: { awsKinesisStreamName: 'flights', applicationName: 'flights', ...configs },
        },
      ],
    },
    'test',
    { env: {} },
  );
}

function refusal(...args: Parameters<typeof load>): string {
  try {
    load(...args);
  } catch (error) {
    if (isConnectorError(error, 'CONFIG_INVALID')) {
      return error.message;
    }
    throw error;
  }
  throw new Error('it was accepted');
}

test('a binary service URL is enough', () => {
  expect(load({}).sources[0]?.processingGuarantees).toBe('EFFECTIVELY_ONCE');
});

test('a transport without numbers is refused, and the two that have them are named', () => {
  const text = refusal({}, { serviceUrl: 'stdout:' });
  expect(text).toContain('processingGuarantees');
  expect(text).toContain('pulsar-client');
});

test('a topic that keeps nothing is refused', () => {
  expect(refusal({ topicName: 'non-persistent://public/default/flights' })).toContain('persistent topic');
});

test('a policy cannot be set without the address of the REST API', () => {
  expect(refusal({}, undefined, { enableDeduplication: true })).toContain('pulsar.adminUrl');
  const pulsar = { serviceUrl: 'pulsar://localhost:6650', adminUrl: 'http://localhost:8080' };
  expect(load({}, pulsar, { enableDeduplication: true }).pulsar.adminUrl).toBe('http://localhost:8080');
  expect(refusal({}, { serviceUrl: 'pulsar://localhost:6650', adminUrl: 'localhost:8080' })).toContain(
    'adminUrl',
  );
});

test('without EFFECTIVELY_ONCE enableDeduplication is said to have no effect', () => {
  const { notices } = load({ processingGuarantees: 'ATLEAST_ONCE' }, undefined, {
    enableDeduplication: true,
  });
  expect(notices.map(({ path }) => path)).toContain('sources[0].configs.enableDeduplication');
});
