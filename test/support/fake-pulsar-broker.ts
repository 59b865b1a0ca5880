import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type CommandName, type Commands, decodeCommand } from '../../src/pulsar/protocol/command';
import { commandFrame, FrameReader } from '../../src/pulsar/protocol/frame';
import { Deduplication, NOWHERE } from './deduplication';
import { FakeConsumers } from './fake-consumers';
import { readMessages, type SentMessage } from './message-codec';

/** What a scripted broker does with one SEND. */
export type SendVerdict =
  | 'store'
  /** Stored, and the receipt never comes. */
  | 'lose-receipt'
  /** Stored; the receipt goes when that has resolved. */
  | { readonly receipt: Promise<unknown> }
  /** Neither stored nor answered. */
  | 'swallow'
  /** The connection ends before it is looked at. */
  | 'disconnect'
  /** SEND_ERROR with that ServerError and text; not stored. */
  | { readonly error: number; readonly message?: string };

export interface SentBatch {
  readonly topic: string;
  readonly sequenceId: number;
  readonly highestSequenceId: number;
  readonly messages: readonly SentMessage[];
  /** Counted from 0, over the broker's life. */
  readonly connection: number;
}

/** What a test may change at any time. */
export interface BrokerScript {
  maxMessageSize: number;
  /** Tokens accepted; undefined = no authentication. */
  tokens: readonly string[] | undefined;
  /** Of every topic whose name is not that of a partition. */
  partitions: number;
  /** Topic names answered with the ServerError given when a producer is created. */
  producerError: (topic: string, attempt: number) => number | undefined;
  /** Producers are answered when that has resolved. */
  producersHeld: Promise<unknown> | undefined;
  /** Fields of the lookup answer, over "connect to me". */
  lookup: (asked: Commands['lookupTopic'], proxyTo: string) => Partial<Commands['lookupTopicResponse']>;
  send: (batch: SentBatch) => SendVerdict;
  /** What the topic calls the schema of its producers. */
  schemaVersion: Uint8Array;
  answersClose: boolean;
  answersPing: boolean;
  /** Whether topics tell duplicates, by producer name and sequence id. */
  deduplicates: boolean;
}

interface FakeProducer {
  readonly topic: string;
  readonly name: string;
  closed: boolean;
}

interface FakeConnection {
  readonly socket: Socket;
  readonly index: number;
  readonly producers: Map<number, FakeProducer>;
  proxyTo: string;
}

/** A broker in this process that does what the test says, over real sockets. */
export class FakePulsarBroker {
  readonly script: BrokerScript = {
    maxMessageSize: 5 * 1024 * 1024,
    tokens: undefined,
    partitions: 0,
    producerError: () => undefined,
    producersHeld: undefined,
    lookup: () => ({}),
    send: () => 'store',
    schemaVersion: Buffer.alloc(0),
    answersClose: true,
    answersPing: true,
    deduplicates: false,
  };
  readonly stored: SentMessage[] = [];
  readonly sent: SentBatch[] = [];
  /** Topics, subscriptions, and who consumes from them. */
  readonly consumers = new FakeConsumers();
  readonly received: { readonly name: CommandName; readonly body: Commands[CommandName] }[] = [];
  readonly #server: Server;
  readonly #connections = new Set<FakeConnection>();
  /** By topic. */
  readonly #deduplication = new Map<string, Deduplication>();
  readonly #waiters = new Set<() => void>();
  #connectionCount = 0;
  #attempts = 0;
  #port = 0;

  constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.accept(socket));
  }

  static async start(): Promise<FakePulsarBroker> {
    const broker = new FakePulsarBroker();
    await broker.listen();
    return broker;
  }

  get port(): number {
    return this.#port;
  }

  get serviceUrl(): string {
    return `pulsar://127.0.0.1:${this.#port}`;
  }

  /** How many producers stand. */
  get producers(): number {
    const standing = [...this.#connections].flatMap(({ producers }) => [...producers.values()]);
    return standing.filter(({ closed }) => !closed).length;
  }

  /** Resolves when `condition` holds; it is looked at after each command. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (condition()) {
          this.#waiters.delete(look);
          resolve();
        }
      };
      this.#waiters.add(look);
      look();
    });
  }

  /** Bodies of the commands of that name, in the order they came. */
  commands<N extends CommandName>(name: N): Commands[N][] {
    return this.received.filter((command) => command.name === name).map(({ body }) => body as Commands[N]);
  }

  /** Starts to listen; again on the same port after `stop`. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.disconnect();
    await closed;
  }

  /** Cuts every connection. */
  disconnect(): void {
    for (const { socket } of this.#connections) {
      socket.destroy();
    }
  }

  /** Closes every producer and consumer as an unload of the topic does: what still comes for it vanishes. */
  unload(): void {
    this.consumers.unload();
    for (const { socket, producers } of this.#connections) {
      for (const [producerId, producer] of producers) {
        producer.closed = true;
        socket.write(commandFrame('closeProducer', { producerId, requestId: 2 ** 53 - 1 }));
      }
    }
  }

  /** What the topic remembers of its producers. */
  deduplication(topic: string): Deduplication {
    const name = topic.includes('://') ? topic : `persistent://public/default/${topic}`;
    const memory = this.#deduplication.get(name) ?? new Deduplication();
    this.#deduplication.set(name, memory);
    return memory;
  }

  /** Closes every producer and tells nobody: what still comes for them vanishes. */
  forgetProducers(): void {
    for (const { producers } of this.#connections) {
      for (const producer of producers.values()) {
        producer.closed = true;
      }
    }
  }

  /** Reads nothing any more, as a broker does that limits the rate of a topic, until `resume`. */
  pause(): void {
    for (const { socket } of this.#connections) {
      socket.pause();
    }
  }

  resume(): void {
    for (const { socket } of this.#connections) {
      socket.resume();
    }
  }

  /** Resolves when every connection that stands now has ended. */
  async disconnected(): Promise<void> {
    // Not `once`: that rejects on the error of a connection that was reset.
    const closed = ({ socket }: FakeConnection) => new Promise((resolve) => socket.once('close', resolve));
    await Promise.all([...this.#connections].map(closed));
  }

  /** Sends a command to every client. */
  tell<N extends CommandName>(name: N, body: Commands[N]): void {
    this.write(commandFrame(name, body));
  }

  /** Sends those bytes to every client. */
  write(bytes: Buffer): void {
    for (const { socket } of this.#connections) {
      socket.write(bytes);
    }
  }

  /** Talks to a client at the other end of `socket`, whatever carries it. */
  accept(socket: Socket): void {
    const connection = { socket, index: this.#connectionCount++, producers: new Map(), proxyTo: '' };
    this.#connections.add(connection);
    const reader = new FrameReader((bytes, payload) => this.#receive(connection, bytes, payload));
    socket.on('data', (chunk: Buffer) => {
      if (!socket.destroyed) {
        reader.push(chunk);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#connections.delete(connection);
      this.consumers.gone(socket);
    });
  }

  #receive(connection: FakeConnection, bytes: Buffer, payload: Buffer): void {
    const command = decodeCommand(bytes);
    if (command === undefined || connection.socket.destroyed) {
      return;
    }
    this.received.push(command);
    const answer = <N extends CommandName>(name: N, body: Commands[N]): void => {
      connection.socket.write(commandFrame(name, body));
    };
    switch (command.name) {
      case 'connect':
      case 'authResponse': {
        const data = command.name === 'connect' ? command.body.authData : command.body.response.authData;
        if (command.name === 'connect') {
          connection.proxyTo = command.body.proxyToBrokerUrl ?? '';
        }
        const { tokens, maxMessageSize } = this.script;
        if (tokens !== undefined && !tokens.includes(Buffer.from(data ?? []).toString())) {
          answer('error', { requestId: 0, error: 3, message: 'token refused' });
        } else if (command.name === 'connect') {
          answer('connected', { serverVersion: 'fake', maxMessageSize });
        }
        break;
      }
      case 'ping':
        if (this.script.answersPing) {
          answer('pong', {});
        }
        break;
      case 'partitionMetadata': {
        const { requestId, topic } = command.body;
        const isPartition = /-partition-\d+$/.test(topic);
        const partitions = isPartition ? 0 : (this.consumers.partitions.get(topic) ?? this.script.partitions);
        answer('partitionMetadataResponse', { requestId, response: 0, partitions });
        break;
      }
      case 'lookupTopic':
        answer('lookupTopicResponse', {
          requestId: command.body.requestId,
          response: 1,
          brokerServiceUrl: this.serviceUrl,
          authoritative: true,
          proxyThroughServiceUrl: false,
          ...this.script.lookup(command.body, connection.proxyTo),
        });
        break;
      case 'producer': {
        const { producersHeld } = this.script;
        if (producersHeld === undefined) {
          this.#producer(connection, command.body);
        } else {
          void producersHeld.then(() => this.#producer(connection, command.body));
        }
        break;
      }
      case 'send':
        this.#send(connection, command.body, payload);
        break;
      case 'closeProducer':
        if (this.script.answersClose) {
          connection.producers.delete(command.body.producerId);
          answer('success', { requestId: command.body.requestId });
        }
        break;
      default:
        this.consumers.receive(connection.socket, command);
    }
    for (const look of [...this.#waiters]) {
      look();
    }
  }

  #producer(connection: FakeConnection, body: Commands['producer']): void {
    const { topic, producerId, requestId, producerName } = body;
    const error = this.script.producerError(topic, this.#attempts++);
    if (error !== undefined || this.#taken(topic, producerName)) {
      connection.socket.write(commandFrame('error', { requestId, error: error ?? 16, message: 'refused' }));
      return;
    }
    const name = producerName || `fake-${connection.index}-${producerId}`;
    connection.producers.set(producerId, { topic, name, closed: false });
    connection.socket.write(
      commandFrame('producerSuccess', {
        requestId,
        producerName: name,
        lastSequenceId: this.script.deduplicates ? this.deduplication(topic).lastSequenceId(name) : -1,
        schemaVersion: this.script.schemaVersion,
        producerReady: true,
      }),
    );
  }

  #taken(topic: string, name: string | undefined): boolean {
    return [...this.#connections].some(({ producers }) =>
      [...producers.values()].some((other) => !other.closed && other.topic === topic && other.name === name),
    );
  }

  #send(connection: FakeConnection, body: Commands['send'], payload: Buffer): void {
    const { producerId, sequenceId } = body;
    const producer = connection.producers.get(producerId);
    if (producer === undefined) {
      connection.socket.destroy();
      return;
    }
    if (producer.closed) {
      return;
    }
    const messages = readMessages(payload);
    const batch: SentBatch = {
      topic: producer.topic,
      sequenceId,
      highestSequenceId: body.highestSequenceId ?? 0,
      messages,
      connection: connection.index,
    };
    this.sent.push(batch);
    const verdict = this.script.send(batch);
    if (verdict === 'disconnect') {
      connection.socket.destroy();
    } else if (verdict === 'swallow') {
      return;
    } else if (typeof verdict === 'object' && 'error' in verdict) {
      const { error, message = 'scripted' } = verdict;
      connection.socket.write(commandFrame('sendError', { producerId, sequenceId, error, message }));
    } else {
      this.#accept(connection, producerId, producer, batch, payload, verdict);
    }
  }

  #accept(
    { socket }: FakeConnection,
    producerId: number,
    { topic, name }: FakeProducer,
    { sequenceId, highestSequenceId, messages }: SentBatch,
    payload: Buffer,
    verdict: Exclude<SendVerdict, 'disconnect' | 'swallow' | { readonly error: number }>,
  ): void {
    const chunk = messages[0]?.chunk;
    const isLast = chunk === undefined || chunk.id === chunk.count - 1;
    const memory = this.script.deduplicates && isLast ? this.deduplication(topic) : undefined;
    const known = memory?.offer(name, sequenceId, highestSequenceId);
    if (known === 'DUPLICATE') {
      socket.write(commandFrame('sendReceipt', { producerId, sequenceId, messageId: NOWHERE }));
      return;
    }
    if (known === 'UNKNOWN') {
      const error = {
        producerId,
        sequenceId,
        error: 2,
        message: 'cannot determine whether it is a duplicate',
      };
      socket.write(commandFrame('sendError', error));
      return;
    }
    memory?.persisted(name, Math.max(sequenceId, highestSequenceId));
    this.stored.push(...messages);
    this.consumers.topic(topic).append(Buffer.from(payload), messages.length, messages[0]?.key);
    const messageId = { ledgerId: 1, entryId: this.stored.length };
    const receipt = commandFrame('sendReceipt', { producerId, sequenceId, messageId });
    if (isLate(verdict)) {
      void verdict.receipt.then(() => socket.write(receipt));
    } else if (verdict !== 'lose-receipt') {
      socket.write(receipt);
    }
  }
}

function isLate(verdict: SendVerdict): verdict is { readonly receipt: Promise<unknown> } {
  return typeof verdict === 'object' && 'receipt' in verdict;
}
