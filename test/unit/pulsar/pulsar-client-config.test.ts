import { producerConfig, resultError, schemaConfig } from '../../../src/pulsar/pulsar-client-config';
import { PRODUCER } from '../../support/transport-settings';

describe('a producer of pulsar-client', () => {
  const config = (sequenced: boolean, chunked?: boolean, extra = {}) =>
    producerConfig({ ...PRODUCER, ...extra }, { sequenced, chunked });

  test('batches, but never messages with sequence ids, nor those that may go in chunks', () => {
    expect(config(false)).toMatchObject({ batchingEnabled: true, chunkingEnabled: false });
    expect(config(true)).toMatchObject({ batchingEnabled: false, chunkingEnabled: false });
    expect(config(false, true)).toMatchObject({ batchingEnabled: false, chunkingEnabled: true });
    expect(config(false, undefined, { batchingEnabled: false })).toMatchObject({ chunkingEnabled: true });
  });

  test('chooses partitions as Java does, and waits for receipts as long as it is told', () => {
    expect(config(false)).toMatchObject({ hashingScheme: 'Murmur3_32Hash', sendTimeoutMs: 30_000 });
    expect(config(false, undefined, { sendTimeout: 0 }).sendTimeoutMs).toBe(2 ** 31 - 1);
  });

  test('registers the schemas that the package knows, and refuses others', () => {
    const schema = { name: 'a', definition: '{}' };
    expect(schemaConfig({ ...schema, type: 'JSON' })).toEqual({
      schema: { schemaType: 'Json', name: 'a', schema: '{}' },
    });
    expect(schemaConfig({ ...schema, type: 'BYTES' })).toEqual({});
    expect(() => schemaConfig({ ...schema, type: 'KEY_VALUE' })).toThrow(
      expect.objectContaining({ code: 'NOT_AVAILABLE_YET' }),
    );
  });
});

test.each([
  ['Failed to create producer: ProducerBusy', 'PULSAR_BUSY'],
  ['Failed to send message: TimeOut', 'PULSAR_SEND_TIMEOUT'],
  ['Failed to send message: MessageTooBig', 'PULSAR_MESSAGE_TOO_LARGE'],
  ['Failed to create producer: AuthorizationError', 'PULSAR_AUTHORIZATION'],
  ['Failed to create consumer: ConsumerBusy', 'PULSAR_CONSUMER_BUSY'],
  ['Failed to receive message: AlreadyClosed', 'PULSAR_CLOSED'],
  ['something new', 'PULSAR_UNKNOWN'],
] as const)('%s is %s', (text, code) => {
  expect(resultError(new Error(text), 'orders').code).toBe(code);
});
