import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfigObject } from '../../src/config';
import { messageOf } from '../../src/errors';
import type { Schema } from '../../src/io';
import { createTransport } from '../../src/pulsar/create-transport';
import type { OutgoingMessage, ReceivedMessage, Transport } from '../../src/pulsar/transport';
import { systemClock } from '../../src/util/clock';
import { deferred } from '../../src/util/deferred';
import { resolvesWithin } from '../../src/util/limited-wait';
import { silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import type { ForeignClient } from './foreign-client';
import { LineProcess } from './line-process';
import { type CaseMessage, type MessageCase, schemaOfKind } from './message-cases';
import type { PulsarBroker } from './pulsar-broker';

/** For one case at one side. */
const CASE_MS = 20_000;

/** Which side wrote. */
export type Direction = 'ours' | 'theirs';

/** A message as a reader saw it; what its client does not show is absent. */
export interface SeenMessage {
  /** `ledger:entry`: messages of one batch share it. */
  readonly entry: string;
  readonly batched?: boolean;
  readonly chunked?: boolean;
  readonly key: string | undefined;
  readonly keyIsBase64?: boolean;
  readonly orderingKey?: string | undefined;
  readonly eventTime: number | undefined;
  readonly properties: { readonly [name: string]: string };
  readonly value: Buffer | undefined;
  /** What the reader's schema made of it. */
  readonly fields?: unknown;
  /** What it was written with. */
  readonly schema?: Schema;
}

/** What became of a case in one direction. */
export interface Exchanged {
  readonly sent: readonly CaseMessage[];
  readonly seen: readonly SeenMessage[];
  /** Bytes of payload that the producer had stored. */
  readonly storedBytes: number;
  /** What went wrong, on either side. */
  readonly errors: readonly string[];
}

type Work = (transport: Transport, one: MessageCase, topic: string) => Promise<void>;

/** Runs every case in both directions: both sides write at the same time, then both read. */
export class MessageExchange {
  readonly #broker: PulsarBroker;
  readonly #client: ForeignClient;
  readonly #cases: readonly MessageCase[];
  readonly #seen = new Map<string, SeenMessage[]>();
  readonly #errors = new Map<string, string[]>();
  readonly #storedBytes = new Map<string, number>();

  private constructor(broker: PulsarBroker, client: ForeignClient, cases: readonly MessageCase[]) {
    this.#broker = broker;
    this.#client = client;
    this.#cases = cases.flatMap((one) => client.able(one) ?? []);
  }

  static async run(
    broker: PulsarBroker,
    client: ForeignClient,
    cases: readonly MessageCase[],
  ): Promise<MessageExchange> {
    const exchange = new MessageExchange(broker, client, cases);
    await Promise.all([exchange.#foreign('write', 'theirs'), exchange.#each('ours', exchange.#write)]);
    await Promise.all([exchange.#foreign('read', 'ours'), exchange.#each('theirs', exchange.#read)]);
    await exchange.#weigh();
    return exchange;
  }

  /** Undefined when the other client has no such thing. */
  result(name: string, direction: Direction): Exchanged | undefined {
    const one = this.#cases.find((other) => other.name === name);
    if (one === undefined) {
      return undefined;
    }
    const topic = this.#topic(one, direction);
    return {
      sent: sentBy(one, direction),
      seen: this.#seen.get(topic) ?? [],
      storedBytes: this.#storedBytes.get(topic) ?? 0,
      errors: this.#errors.get(topic) ?? [],
    };
  }

  #topic({ name }: MessageCase, direction: Direction): string {
    return `${this.#client.name}-${direction}-${name}`.replaceAll(/[^A-Za-z0-9-]+/g, '-').toLowerCase();
  }

  /** All cases at once, each with a client of its own; an error is kept with the topic. */
  async #each(direction: Direction, work: Work): Promise<void> {
    await Promise.all(
      this.#cases.map(async (one) => {
        const topic = this.#topic(one, direction);
        let transport: Transport | undefined;
        try {
          transport = createTransport(...settings(this.#broker.serviceUrl, one));
          if (!(await resolvesWithin(systemClock, CASE_MS, work(transport, one, topic)))) {
            throw new Error(`no end within ${CASE_MS} ms`);
          }
        } catch (error) {
          this.#failed(topic, `ours: ${messageOf(error)}`);
        } finally {
          await transport?.close(2000);
        }
      }),
    );
  }

  #failed(topic: string, error: string): void {
    this.#errors.set(topic, [...(this.#errors.get(topic) ?? []), error]);
  }

  #took(topic: string, message: SeenMessage): void {
    this.#seen.set(topic, [...(this.#seen.get(topic) ?? []), message]);
  }

  async #foreign(command: 'write' | 'read', direction: Direction): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'exchange-'));
    const file = join(folder, 'plan.json');
    const cases = this.#cases.map((one) => ({
      ...one,
      topic: this.#topic(one, direction),
      messages: sentBy(one, direction).map((message) => ({
        ...message,
        value: message.value?.toString('base64'),
      })),
    }));
    writeFileSync(file, JSON.stringify({ serviceUrl: this.#broker.serviceUrl, cases }));
    const { name, command: program, args } = this.#client;
    const process = new LineProcess(name, program, [...args, command, file], (line) => {
      const { topic, error, value, ...message } = line as ForeignLine;
      if (error !== undefined) {
        this.#failed(topic, `${name}: ${error}`);
      } else {
        this.#took(topic, {
          ...message,
          key: message.key ?? undefined,
          orderingKey: message.orderingKey ?? undefined,
          eventTime: message.eventTime || undefined,
          value: value === null ? undefined : Buffer.from(value, 'base64'),
        });
      }
    });
    const { code, signal } = await process.end();
    rmSync(folder, { recursive: true, force: true });
    if (code !== 0) {
      throw new Error(`${name} ended with ${code ?? signal}:\n${process.log}`);
    }
  }

  readonly #write: Work = async (transport, one, topic) => {
    const answered = deferred<void>();
    const sent = sentBy(one, 'ours');
    let left = sent.length;
    const producer = await transport.createProducer<OutgoingMessage>({
      topic,
      schema: schemaOfKind(one.schema),
      listener: {
        confirmed: () => --left === 0 && answered.resolve(),
        rejected: (_message, error) => answered.reject(error),
        failed: (error) => answered.reject(error),
        drained: () => undefined,
      },
    });
    for (const { value = Buffer.alloc(0), key, eventTime, ...rest } of sent) {
      producer.send({ ...rest, key, eventTime, value });
    }
    producer.flush();
    await answered.promise;
  };

  readonly #read: Work = async (transport, one, topic) => {
    const consumer = await transport.subscribe({
      topic,
      subscription: 'ours',
      subscriptionType: 'Exclusive',
      initialPosition: 'earliest',
      receiverQueueSize: 100,
      receiverQueueBytes: 16 * 1024 * 1024,
      negativeAckRedeliveryDelayMs: 60_000,
    });
    for (let left = sentBy(one, 'theirs').length; left > 0; ) {
      const messages = await consumer.receive(left);
      left -= messages.length;
      for (const message of messages) {
        this.#took(topic, seen(message, await consumer.schemaOf(message)));
      }
    }
  };

  async #weigh(): Promise<void> {
    for (const direction of ['ours', 'theirs'] as const) {
      for (const one of this.#cases) {
        const topic = this.#topic(one, direction);
        const text = await this.#broker.admin('GET', `/persistent/public/default/${topic}/stats`);
        const { bytesInCounter = 0 } = JSON.parse(text ?? '{}') as { bytesInCounter?: number };
        this.#storedBytes.set(topic, bytesInCounter);
      }
    }
  }
}

/** What a user would set for such a case. */
function settings(
  serviceUrl: string,
  { name, compression, batching, chunked }: MessageCase,
): Parameters<typeof createTransport> {
  const producerConfig = {
    compressionType: compression,
    batchBuilder: batching === 'key-based' ? 'KEY_BASED' : 'DEFAULT',
    batchingConfig: { enabled: batching !== 'none', batchingMaxPublishDelayMs: 60_000 },
    chunkingEnabled: chunked,
  };
  const configs = { awsKinesisStreamName: 'exchange' };
  const source = { name: 'exchange', sourceType: 'kinesis', topicName: 'exchange', producerConfig, configs };
  const document = { pulsar: { serviceUrl }, aws: { region: 'us-east-1' }, sources: [source] };
  const { pulsar, sources } = loadConfigObject(document, name, { env: {} });
  const [loaded] = sources;
  if (loaded === undefined) {
    throw new Error('one source was asked for');
  }
  const parts = { clock: systemClock, random: systemRandom, logger: silentLogger, stdout: process.stdout };
  return [pulsar, loaded.producer, parts];
}

/** A line of a harness. */
interface ForeignLine {
  readonly topic: string;
  readonly error?: string;
  readonly entry: string;
  readonly key: string | null;
  readonly orderingKey: string | null;
  readonly eventTime: number;
  readonly properties: { readonly [name: string]: string };
  /** Base64. */
  readonly value: string | null;
}

/** Kinesis has no null values: ours sends none. */
function sentBy({ messages }: MessageCase, direction: Direction): readonly CaseMessage[] {
  return direction === 'ours' ? messages.filter(({ value }) => value !== undefined) : messages;
}

function seen(message: ReceivedMessage, schema: Schema): SeenMessage {
  const { id, key, keyIsBase64, eventTime, properties, value } = message;
  const entry = id.split(':').slice(0, 2).join(':');
  return { entry, key, keyIsBase64, eventTime, properties, value: value && Buffer.from(value), schema };
}
