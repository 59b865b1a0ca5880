import type { PublishedMessage } from '../../../src/pulsar/memory-message';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import { encodeBatch, encodeSingle } from '../../support/message-codec';
import type { ConsumerBackend } from './consumer-lab';

/** Number of a kind of schema on the wire, as far as the suite uses them. */
const SCHEMA_TYPES: { readonly [type: string]: number } = { STRING: 1, JSON: 2 };

/** A fake broker over real sockets. */
export async function binaryBackend(): Promise<ConsumerBackend> {
  const broker = await FakePulsarBroker.start();
  const { consumers } = broker;
  const schemas: NonNullable<PublishedMessage['schema']>[] = [];
  consumers.script.schema = (version) => {
    const schema = schemas[Number(version.readBigInt64BE())];
    return schema === undefined
      ? undefined
      : {
          name: schema.name,
          schemaData: Buffer.from(schema.definition),
          type: SCHEMA_TYPES[schema.type] ?? 0,
        };
  };
  const schemaVersion = (schema: PublishedMessage['schema']): { readonly schemaVersion?: Buffer } => {
    if (schema === undefined) {
      return {};
    }
    const version = Buffer.alloc(8);
    version.writeBigInt64BE(BigInt(schemas.push(schema) - 1));
    return { schemaVersion: version };
  };
  const loseAcknowledgements = (count: number): void => {
    let left = count;
    consumers.script.ack = () => (left-- > 0 ? 'swallow' : 'answer');
  };
  return {
    serviceUrl: broker.serviceUrl,
    publish: (topic, ...messages) => {
      for (const message of messages) {
        const { publishTime, schema, key } = message;
        const extra = { ...(publishTime === undefined ? {} : { publishTime }), ...schemaVersion(schema) };
        consumers.topic(topic).append(encodeSingle(message, extra), 1, key);
      }
    },
    publishBatch: (topic, ...messages) =>
      void consumers.topic(topic).append(encodeBatch(messages), messages.length),
    partition: (topic, count) => consumers.partition(topic, count),
    deleteTopic: (topic) => consumers.deleteTopic(topic),
    cut: () => broker.disconnect(),
    goAway: () => broker.stop(),
    comeBack: () => broker.listen(),
    loseAcknowledgements,
    fallSilent: () => loseAcknowledgements(Number.POSITIVE_INFINITY),
    stop: async () => {
      await broker.stop().catch(() => undefined);
    },
  };
}
