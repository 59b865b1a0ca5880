import { connect } from 'node:net';
import type { ProducerSettings, PulsarSettings } from '../../src/config/types';
import { isConnectorError } from '../../src/errors';
import { BinaryTransport } from '../../src/pulsar/binary-transport';
import type { OutgoingMessage, Producer, ProducerOptions } from '../../src/pulsar/transport';
import { systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { seededRandom } from '../../src/util/random';
import { ProducerLog } from './producer-log';
import { type PulsarBroker, startPulsarBroker } from './pulsar-broker';
import { PRODUCER, pulsarSettings } from './transport-settings';

const CONF = {
  backlogQuotaCheckIntervalInSeconds: '1',
  clusterMigrationCheckDurationSeconds: '1',
};

const MOST_TRIES = 4;

/** Topics of a real broker, each in a namespace of its own, and what sends to them. Tests that run at once share it. */
export class TopicLab {
  readonly #broker = startPulsarBroker({ conf: CONF });
  readonly #transports: BinaryTransport[] = [];
  readonly #undone: (() => unknown)[] = [];

  get broker(): Promise<PulsarBroker> {
    return this.#broker;
  }

  async admin(method: string, path: string, body?: unknown): Promise<string | undefined> {
    return (await this.#broker).admin(method, path, body);
  }

  /** A namespace with `policies`: paths behind its name, and their bodies. @returns `public/<name>` */
  async namespace(name: string, policies: { readonly [path: string]: unknown } = {}): Promise<string> {
    const namespace = `public/${name}`;
    await this.admin('PUT', `/namespaces/${namespace}`);
    for (const [path, body] of Object.entries(policies)) {
      await this.admin('POST', `/namespaces/${namespace}/${path}`, body);
    }
    return namespace;
  }

  async transport(
    producer: Partial<ProducerSettings> = {},
    pulsar: Partial<PulsarSettings> = {},
  ): Promise<BinaryTransport> {
    const { serviceUrl } = await this.#broker;
    const transport = new BinaryTransport(
      pulsarSettings(serviceUrl, pulsar),
      { ...PRODUCER, autoUpdatePartitionsInterval: 100, ...producer },
      {
        clock: systemClock,
        random: seededRandom(3),
        logger: silentLogger,
        connect: (host, port) => connect({ host, port, noDelay: true }),
      },
    );
    this.#transports.push(transport);
    return transport;
  }

  /** A producer on connections of its own, and what it hears. */
  async produce(
    topic: string,
    options: Partial<ProducerOptions<OutgoingMessage>> = {},
    producer: Partial<ProducerSettings> = {},
  ): Promise<{ readonly producer: Producer<OutgoingMessage>; readonly log: ProducerLog }> {
    const log = new ProducerLog();
    const transport = await this.transport(producer);
    for (let tries = 1; ; tries++) {
      try {
        return { producer: await transport.createProducer({ topic, listener: log, ...options }), log };
      } catch (error) {
        // A broker that has just begun, on a busy machine, may be long over its first schemas; the connector asks again too.
        if (tries === MOST_TRIES || !isConnectorError(error, 'PULSAR_UNAVAILABLE')) {
          throw error;
        }
      }
    }
  }

  /** `undo` is called at the end. */
  atEnd(undo: () => unknown): void {
    this.#undone.push(undo);
  }

  async close(): Promise<void> {
    await Promise.all(this.#transports.map((transport) => transport.close(2000)));
    await Promise.all(this.#undone.map((undo) => undo()));
    await (await this.#broker).dispose();
  }
}
