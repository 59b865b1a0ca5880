import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type CommandName, type Commands, decodeCommand } from '../../src/pulsar/protocol/command';
import { commandFrame, FrameReader } from '../../src/pulsar/protocol/frame';
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
  /** SEND_ERROR with that ServerError; not stored. */
  | { readonly error: number };

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
  partitions: number;
  /** Topic names answered with the ServerError given when a producer is created. */
  producerError: (topic: string, attempt: number) => number | undefined;
  /** Fields of the lookup answer, over "connect to me". */
  lookup: (asked: Commands['lookupTopic'], proxyTo: string) => Partial<Commands['lookupTopicResponse']>;
  send: (batch: SentBatch) => SendVerdict;
  /** What the topic calls the schema of its producers. */
  schemaVersion: Uint8Array;
  answersClose: boolean;
  answersPing: boolean;
  /** Whether topics drop, with a receipt −1:−1, what has an id they have seen under its producer name. */
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
  /** Highest sequence id stored, by topic and producer name. */
  readonly #lastIds = new Map<string, number>();
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
        const { requestId } = command.body;
        answer('partitionMetadataResponse', { requestId, response: 0, partitions: this.script.partitions });
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
        const { topic, producerId, requestId, producerName } = command.body;
        const error = this.script.producerError(topic, this.#attempts++);
        if (error !== undefined || this.#taken(topic, producerName)) {
          answer('error', { requestId, error: error ?? 16, message: 'refused' });
          break;
        }
        const name = producerName || `fake-${connection.index}-${producerId}`;
        connection.producers.set(producerId, { topic, name, closed: false });
        answer('producerSuccess', {
          requestId,
          producerName: name,
          lastSequenceId: this.#lastIds.get(`${topic} ${name}`) ?? -1,
          schemaVersion: this.script.schemaVersion,
          producerReady: true,
        });
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
    } else if (verdict === 'store' || verdict === 'lose-receipt' || isLate(verdict)) {
      const known = `${producer.topic} ${producer.name}`;
      if (this.script.deduplicates && sequenceId <= (this.#lastIds.get(known) ?? -1)) {
        const messageId = { ledgerId: -1, entryId: -1 };
        connection.socket.write(commandFrame('sendReceipt', { producerId, sequenceId, messageId }));
        return;
      }
      if (this.script.deduplicates) {
        this.#lastIds.set(known, batch.highestSequenceId || sequenceId);
      }
      this.stored.push(...messages);
      this.consumers.topic(producer.topic).append(Buffer.from(payload), messages.length, messages[0]?.key);
      if (verdict !== 'lose-receipt') {
        const messageId = { ledgerId: 1, entryId: this.stored.length };
        const receipt = commandFrame('sendReceipt', { producerId, sequenceId, messageId });
        if (isLate(verdict)) {
          void verdict.receipt.then(() => connection.socket.write(receipt));
        } else {
          connection.socket.write(receipt);
        }
      }
    } else if (verdict !== 'swallow') {
      const error = { producerId, sequenceId, error: verdict.error, message: 'scripted' };
      connection.socket.write(commandFrame('sendError', error));
    }
  }
}

function isLate(verdict: SendVerdict): verdict is { readonly receipt: Promise<unknown> } {
  return typeof verdict === 'object' && 'receipt' in verdict;
}
