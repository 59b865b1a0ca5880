import { loadConfigObject } from '../../src/config';
import { createTransport } from '../../src/pulsar/create-transport';
import type { OutgoingMessage } from '../../src/pulsar/transport';
import { systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { readSettings } from './program';

export interface SendSettings {
  /** `pulsar` of the configuration. */
  readonly pulsar: { readonly [option: string]: unknown };
  /** `producerConfig`; defaults for what it leaves out. */
  readonly producerConfig: { readonly [option: string]: unknown };
  readonly topic: string;
  readonly messageBytes: number;
  /** EFFECTIVELY_ONCE: each message brings its sequence id. */
  readonly sequenced: boolean;
}

/** Made beforehand and sent in turn: only what the client costs is measured. More than may be in flight. */
const DIFFERENT = 16_384;

type BenchMessage = OutgoingMessage & { recordSequence: number };

/** Sends for ever, as fast as the broker confirms, with the key and the properties that every record has. */
async function main(): Promise<void> {
  const settings = readSettings<SendSettings>();
  const { pulsar, sources } = loadConfigObject(
    {
      pulsar: settings.pulsar,
      aws: { region: 'us-east-1' },
      sources: [
        {
          name: 'bench',
          sourceType: 'kinesis',
          topicName: settings.topic,
          producerConfig: settings.producerConfig,
          configs: { awsKinesisStreamName: 'bench' },
        },
      ],
    },
    'bench',
    { env: {} },
  );
  const [source] = sources;
  if (source === undefined) {
    throw new Error('one source was asked for');
  }
  const transport = createTransport(pulsar, source.producer, {
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    stdout: process.stdout,
  });
  const value = Buffer.alloc(settings.messageBytes, 7);
  const messages = Array.from({ length: DIFFERENT }, (_, i) => message(i, value));
  let sent = 0;
  const pump = (): void => {
    while (producer.writable) {
      const next = messages[sent % DIFFERENT] as BenchMessage;
      next.recordSequence = sent++;
      producer.send(next);
    }
  };
  const failed = (error: Error): void => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  };
  const producer = await transport.createProducer<BenchMessage>({
    topic: settings.topic,
    ...(settings.sequenced
      ? {
          producerName: 'bench',
          sequencing: {
            producerName: 'bench',
            firstId: 0,
            partitions: (_topic, found) => Promise.resolve(found),
            repartition: () => Promise.resolve(),
            enablesDeduplication: false,
            abandon: () => Promise.resolve(),
            reached: async () => undefined,
          },
        }
      : {}),
    listener: {
      confirmed: (_message, duplicate) => duplicate && failed(new Error('the topic had it before')),
      rejected: (_message, error) => failed(error),
      failed,
      drained: pump,
    },
  });
  pump();
}

function message(i: number, value: Buffer): BenchMessage {
  const key = `customer-${i % 1000}`;
  return {
    key,
    value,
    eventTime: 1_700_000_000_000 + i,
    recordSequence: i,
    properties: {
      'kinesis.arrival.timestamp': String(1_700_000_000_000 + i),
      'kinesis.encryption.type': 'NONE',
      'kinesis.partition.key': key,
      'kinesis.sequence.number': `4959033827149025660855969253836157${String(i).padStart(22, '0')}`,
    },
  };
}

main().catch((error: Error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
