import type { Socket } from 'node:net';
import { type CommandName, type Commands, decodeCommand } from '../../src/pulsar/protocol/command';
import { commandFrame, FRAME_PADDING, FrameReader } from '../../src/pulsar/protocol/frame';
import type { Clock } from '../../src/util/clock';
import { type Deferred, deferred } from '../../src/util/deferred';
import { resolvesWithin } from '../../src/util/limited-wait';
import { ModelProducer, type ProducerConnection } from './model-broker-producer';
import type { ModelTopic } from './model-broker-topic';

/** ServerError of PulsarApi.proto. */
const [SERVICE_NOT_READY, PRODUCER_BUSY] = [6, 16];
/** Source: `connectionLivenessCheckTimeoutMillis` of broker.conf; seen on 4.0.8. */
const LIVENESS_MS = 5000;

/** What a connection needs of its broker. */
export interface ConnectionParts {
  readonly clock: Clock;
  readonly client: string;
  readonly maxMessageSize: number;
  partitionsOf(topic: string): number;
  topic(name: string): ModelTopic;
  /** For a producer that brings none. */
  name(): string;
  /** Asked when something was stored: whether its receipt gets lost, and the connection with it. */
  losesReceipt(): boolean;
  ended(connection: ModelConnection): void;
}

/** One client's connection to a modelled broker, and what Pulsar's `ServerCnx` makes of its frames. */
export class ModelConnection implements ProducerConnection {
  /** Bytes that are read, and written, before it breaks. */
  bytesIn = Number.POSITIVE_INFINITY;
  bytesOut = Number.POSITIVE_INFINITY;
  readonly #parts: ConnectionParts;
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #producers = new Map<number, ModelProducer>();
  readonly #ended = deferred<false>();
  #pong: Deferred<true> = deferred();

  constructor(parts: ConnectionParts, socket: Socket) {
    this.#parts = parts;
    this.#socket = socket;
    this.#reader = new FrameReader((command, payload) => this.#receive(command, payload));
    this.#reader.maxFrameBytes = parts.maxMessageSize + FRAME_PADDING;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('close', () => this.destroy());
  }

  get client(): string {
    return this.#parts.client;
  }

  async answers(): Promise<boolean> {
    this.#pong = deferred();
    this.write('ping', {});
    const answer = Promise.race([this.#pong.promise, this.#ended.promise]);
    if (!(await resolvesWithin(this.#parts.clock, LIVENESS_MS, answer))) {
      this.destroy();
      return false;
    }
    return answer;
  }

  losesReceipt(): boolean {
    if (!this.#parts.losesReceipt()) {
      return false;
    }
    this.destroy();
    return true;
  }

  destroy(): void {
    this.#socket.destroy();
    this.#ended.resolve(false);
    for (const producer of this.#producers.values()) {
      producer.leave();
    }
    this.#producers.clear();
    this.#parts.ended(this);
  }

  write<N extends CommandName>(name: N, body: Commands[N]): void {
    const frame = commandFrame(name, body);
    this.#socket.write(frame.subarray(0, this.bytesOut));
    this.bytesOut -= frame.length;
    if (this.bytesOut <= 0) {
      this.destroy();
    }
  }

  #read(bytes: Buffer): void {
    try {
      this.#reader.push(bytes.subarray(0, this.bytesIn));
    } catch {
      // A frame above the limit: no word, no answer.
      this.bytesIn = 0;
    }
    this.bytesIn -= bytes.length;
    if (this.bytesIn <= 0) {
      this.destroy();
    }
  }

  #receive(bytes: Buffer, payload: Buffer): void {
    const command = this.#socket.destroyed ? undefined : decodeCommand(bytes);
    switch (command?.name) {
      case undefined:
        break;
      case 'connect':
        this.write('connected', { serverVersion: 'model', maxMessageSize: this.#parts.maxMessageSize });
        break;
      case 'ping':
        this.write('pong', {});
        break;
      case 'pong':
        this.#pong.resolve(true);
        break;
      case 'partitionMetadata': {
        const { requestId, topic } = command.body;
        const partitions = this.#parts.partitionsOf(topic);
        this.write('partitionMetadataResponse', { requestId, response: 0, partitions });
        break;
      }
      case 'lookupTopic': {
        const { requestId, topic } = command.body;
        this.#parts.topic(topic).served = true;
        this.write('lookupTopicResponse', {
          requestId,
          response: 1,
          brokerServiceUrl: 'pulsar://broker:6650',
          authoritative: true,
          proxyThroughServiceUrl: false,
        });
        break;
      }
      case 'producer':
        void this.#join(command.body);
        break;
      case 'send':
        this.#send(command.body, payload);
        break;
      case 'closeProducer':
        this.#close(command.body);
        break;
      default:
        throw new Error(`the modelled broker has no answer to ${command?.name}`);
    }
  }

  /** Source: Pulsar `AbstractTopic.internalAddProducer`. */
  async #join(body: Commands['producer']): Promise<void> {
    const { producerId, requestId, epoch } = body;
    const name = body.producerName || this.#parts.name();
    const topic = this.#parts.topic(body.topic);
    const refuse = (error: number, message: string): void =>
      this.write('error', { requestId, error, message });
    for (let old = topic.producers.get(name); old !== undefined; old = topic.producers.get(name)) {
      const isOwn = old === this.#producers.get(producerId) && old.epoch < epoch;
      if (isOwn) {
        old.leave();
      } else if (await old.connection.answers()) {
        refuse(PRODUCER_BUSY, `a producer with the name ${name} is already connected`);
        return;
      }
    }
    if (this.#socket.destroyed) {
      return;
    }
    if (!topic.ready) {
      refuse(SERVICE_NOT_READY, `${body.topic} is not served by this broker`);
      return;
    }
    const producer = new ModelProducer(name, topic, this, producerId, epoch);
    this.#producers.set(producerId, producer);
    const lastSequenceId = topic.join(producer);
    this.write('producerSuccess', { requestId, producerName: name, lastSequenceId, producerReady: true });
  }

  #send(send: Commands['send'], payload: Buffer): void {
    const producer = this.#producers.get(send.producerId);
    if (producer === undefined) {
      this.destroy();
    } else {
      producer.send(send, payload);
    }
  }

  #close({ producerId, requestId }: Commands['closeProducer']): void {
    const done = (): void => {
      this.#producers.delete(producerId);
      this.write('success', { requestId });
    };
    const producer = this.#producers.get(producerId);
    if (producer === undefined) {
      done();
    } else {
      producer.close(done);
    }
  }
}
