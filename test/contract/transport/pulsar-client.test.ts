import { isConnectorError } from '../../../src/errors';
import { loadPulsarClient } from '../../../src/pulsar/pulsar-client-config';
import { binaryBackend as binaryConsumerBackend } from './binary-backend';
import { consumerScenarios } from './consumer-scenarios';
import { binaryBackend } from './producer-backends';
import { producerScenarios } from './producer-scenarios';

const settings = { transport: 'pulsar-client' } as const;

function missing(): unknown {
  try {
    loadPulsarClient();
    return undefined;
  } catch (error) {
    return error;
  }
}

const error = missing();
if (error === undefined) {
  producerScenarios('pulsar-client', async () => ({ ...(await binaryBackend()), settings: () => settings }));
  consumerScenarios('pulsar-client', async () => ({ ...(await binaryConsumerBackend()), settings }));
} else {
  process.stderr.write('transport pulsar-client: not run here, the package cannot be loaded\n');
  test('where it cannot be loaded, the package pulsar-client is named with how to install it', () => {
    expect(isConnectorError(error, 'PULSAR_CLIENT_MISSING')).toBe(true);
    expect(error).toMatchObject({
      treatment: 'config',
      hint: expect.stringContaining('npm install pulsar-client@'),
    });
  });
}
