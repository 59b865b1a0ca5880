import { connect } from 'node:net';
import { BinaryTransport } from '../../src/pulsar/binary-transport';
import type { OutgoingMessage } from '../../src/pulsar/transport';
import { systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { PRODUCER, pulsarSettings } from '../../test/support/transport-settings';
import { CostMeter, readSettings, say } from './program';

export interface SendSettings {
  readonly serviceUrl: string;
  readonly topic: string;
  readonly batchingEnabled: boolean;
  readonly messageBytes: number;
  /** Messages confirmed before the measurement begins. */
  readonly warmUp: number;
  /** Messages measured. */
  readonly records: number;
}

/** Made beforehand and sent in turn: only what the client costs is measured. */
const DIFFERENT = 4096;

/** Sends to a broker as fast as it confirms, with the key and the properties that every record has. */
async function main(): Promise<void> {
  const settings = readSettings<SendSettings>();
  const meter = new CostMeter(settings.warmUp, settings.records);
  const producerSettings = { ...PRODUCER, batchingEnabled: settings.batchingEnabled };
  const transport = new BinaryTransport(pulsarSettings(settings.serviceUrl), producerSettings, {
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    connect: (host, port) => connect({ host, port, noDelay: true }),
  });
  const value = Buffer.alloc(settings.messageBytes, 7);
  const messages = Array.from({ length: DIFFERENT }, (_, i) => outgoing(i, value));
  let sent = 0;
  const pump = (): void => {
    while (producer.writable) {
      producer.send(messages[sent++ % DIFFERENT] as OutgoingMessage);
    }
  };
  const failed = (error: Error): void => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  };
  const producer = await transport.createProducer<OutgoingMessage>({
    topic: settings.topic,
    listener: {
      confirmed: () => {
        const cost = meter.count(1);
        if (cost !== undefined) {
          say(cost);
        }
      },
      rejected: (_message, error) => failed(error),
      failed,
      drained: pump,
    },
  });
  pump();
}

function outgoing(i: number, value: Buffer): OutgoingMessage {
  const key = `customer-${i % 1000}`;
  return {
    key,
    value,
    eventTime: 1_700_000_000_000 + i,
    properties: {
      'kinesis.arrival.timestamp': String(1_700_000_000_000 + i),
      'kinesis.encryption.type': 'NONE',
      'kinesis.partition.key': key,
      'kinesis.sequence.number': `4959033827149025660855969253836157${String(i).padStart(22, '0')}`,
    },
  };
}

void main();
