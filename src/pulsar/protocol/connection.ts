import type { Socket } from 'node:net';
import { deferred } from '../../util/deferred';
import { type CommandName, type Commands, decodeCommand } from './command';
import { cutOff } from './cut-off';
import { isDelivery, newDelivery, readDelivery } from './delivery';
import type {
  Answers,
  BrokerAddress,
  ConnectionSettings,
  ConsumerEndpoint,
  ProducerEndpoint,
} from './endpoint';
import { commandFrame, DEFAULT_MAX_MESSAGE_SIZE, FRAME_PADDING, FrameReader } from './frame';
import { type FrameSource, FrameWriter } from './frame-writer';
import { authResponseBody, connectBody } from './handshake';
import { KeepAlive } from './keep-alive';
import { PendingRequests } from './pending-requests';
import { asProtocolError, ProtocolError, serverError } from './protocol-error';
import { isReceipt, type Receipt, readReceipt } from './receipt';

/** One connection to one broker: handshake, requests, keep-alive, and the way of frames to whom they concern. */
export class Connection {
  readonly address: BrokerAddress;
  /** Who is told what comes for them, by their ids. */
  readonly producers = new Map<number, ProducerEndpoint>();
  readonly consumers = new Map<number, ConsumerEndpoint>();
  readonly #settings: ConnectionSettings;
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  readonly #requests: PendingRequests;
  readonly #keepAlive: KeepAlive;
  readonly #handshake = deferred<void>();
  readonly #ended = deferred<void>();
  readonly #receipt: Receipt = { producerId: -1, sequenceId: -1 };
  readonly #delivery = newDelivery();
  #maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE;
  #error: ProtocolError | undefined;

  private constructor(address: BrokerAddress, settings: ConnectionSettings) {
    this.address = address;
    this.#settings = settings;
    this.#requests = new PendingRequests(settings.clock, settings.operationTimeout);
    this.#keepAlive = new KeepAlive(
      settings.clock,
      settings.keepAliveInterval,
      () => this.send('ping', {}),
      () => this.destroy(new ProtocolError('unavailable', 'the broker does not answer pings')),
    );
    this.#handshake.promise.catch(() => undefined);
    this.#socket = settings.connect(address.host, address.port);
    this.#writer = new FrameWriter(this.#socket);
    this.#listen();
  }

  /** A connection that has passed its handshake; `signal` ends it, whenever. @throws ProtocolError */
  static async open(
    address: BrokerAddress,
    settings: ConnectionSettings,
    signal: AbortSignal,
  ): Promise<Connection> {
    const connection = new Connection(address, settings);
    const onAbort = (): void => connection.destroy(asProtocolError(signal.reason, 'closed'));
    signal.addEventListener('abort', onAbort, { once: true });
    connection.ended.then(() => signal.removeEventListener('abort', onAbort));
    const { clock, connectionTimeout } = settings;
    const timer = clock.setTimer(() => {
      connection.destroy(new ProtocolError('unavailable', `no connection within ${connectionTimeout} ms`));
    }, connectionTimeout);
    try {
      await connection.#handshake.promise;
      if (connection.#error !== undefined) {
        throw connection.#error;
      }
    } catch (error) {
      connection.destroy(asProtocolError(error, 'unavailable'));
      throw error;
    } finally {
      clock.clearTimer(timer);
    }
    connection.#keepAlive.start();
    return connection;
  }

  /** Largest payload the broker takes, bytes. */
  get maxMessageSize(): number {
    return this.#maxMessageSize;
  }

  get destroyed(): boolean {
    return this.#error !== undefined;
  }

  /** Resolves when the connection has ended, for whatever reason. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Sends a request. @throws ProtocolError what the broker answered, `unavailable` when it did not. */
  async request<N extends keyof Answers>(
    name: N,
    body: Omit<Commands[N], 'requestId'>,
  ): Promise<Commands[Answers[N]]> {
    return this.requestFrame(name, (requestId) => commandFrame(name, { ...body, requestId } as Commands[N]));
  }

  /** The same with a frame that is written by hand. */
  async requestFrame<N extends keyof Answers>(
    name: N,
    frame: (requestId: number) => Buffer,
  ): Promise<Commands[Answers[N]]> {
    if (this.#error !== undefined) {
      throw this.#error;
    }
    const { requestId, answer } = this.#requests.open(name);
    this.#writer.write(frame(requestId));
    return (await answer).body as Commands[Answers[N]];
  }

  /** Sends a command that has no answer. */
  send<N extends CommandName>(name: N, body: Commands[N]): void {
    if (this.#error === undefined) {
      this.#writer.write(commandFrame(name, body));
    }
  }

  /** `source` has messages to send. */
  wake(source: FrameSource): void {
    this.#writer.wake(source);
  }

  /** Undoes `wake`. */
  withdraw(source: FrameSource): void {
    this.#writer.withdraw(source);
  }

  /** Ends the connection at once; everyone on it hears `error`. */
  destroy(error: ProtocolError): void {
    if (this.#error !== undefined) {
      return;
    }
    this.#error = error;
    this.#keepAlive.stop();
    if (error.kind === 'closed') {
      this.#socket.destroy();
    } else {
      cutOff(this.#socket);
    }
    this.#handshake.reject(error);
    this.#requests.rejectAll(error);
    for (const producer of this.producers.values()) {
      producer.connectionLost(error);
    }
    for (const consumer of this.consumers.values()) {
      consumer.connectionLost(error);
    }
    this.producers.clear();
    this.consumers.clear();
    this.#ended.resolve();
  }

  #listen(): void {
    const { host, port } = this.address;
    const reader = new FrameReader((command, payload) => this.#receive(command, payload, reader));
    const fail = (error: unknown): void => this.destroy(asProtocolError(error, 'unavailable'));
    this.#socket.once('connect', () => {
      connectBody(this.address, this.#settings.authentication).then(
        (body) => this.send('connect', body),
        fail,
      );
    });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#keepAlive.heard();
      try {
        reader.push(chunk);
      } catch (error) {
        if (!(error instanceof ProtocolError)) {
          // What a listener throws is a defect of ours, not of the connection.
          throw error;
        }
        fail(error);
      }
    });
    const lost = (why: string, cause?: Error): void =>
      this.destroy(new ProtocolError('unavailable', `connection to ${host}:${port} ${why}`, cause));
    this.#socket.on('error', (cause) => lost(`failed: ${cause.message}`, cause));
    this.#socket.on('close', () => lost('closed'));
  }

  #receive(bytes: Buffer, payload: Buffer, reader: FrameReader): void {
    if (isReceipt(bytes)) {
      readReceipt(bytes, this.#receipt);
      this.producers.get(this.#receipt.producerId)?.receipt(this.#receipt.sequenceId);
      return;
    }
    if (isDelivery(bytes)) {
      readDelivery(bytes, this.#delivery);
      this.consumers.get(this.#delivery.consumerId)?.delivered(this.#delivery, payload);
      return;
    }
    const command = decodeCommand(bytes);
    switch (command?.name) {
      case 'ping':
        this.send('pong', {});
        break;
      case 'connected':
        this.#maxMessageSize = command.body.maxMessageSize || DEFAULT_MAX_MESSAGE_SIZE;
        reader.maxFrameBytes = this.#maxMessageSize + FRAME_PADDING;
        this.#handshake.resolve();
        break;
      case 'authChallenge':
        authResponseBody(this.#settings.authentication).then(
          (body) => this.send('authResponse', body),
          (error) => this.destroy(asProtocolError(error, 'authentication')),
        );
        break;
      case 'activeConsumerChange':
        this.consumers.get(command.body.consumerId)?.activeChanged(command.body.isActive);
        break;
      case 'sendError': {
        const { producerId, error, message } = command.body;
        this.producers.get(producerId)?.sendError(serverError(error, message));
        break;
      }
      case 'closeProducer': {
        const producer = this.producers.get(command.body.producerId);
        this.producers.delete(command.body.producerId);
        producer?.closedByBroker();
        break;
      }
      case 'closeConsumer': {
        const consumer = this.consumers.get(command.body.consumerId);
        this.consumers.delete(command.body.consumerId);
        consumer?.closedByBroker();
        break;
      }
      default:
        if (command !== undefined && !this.#requests.settle(command) && command.name === 'error') {
          // Before the handshake has ended there is no request the error could belong to.
          this.#handshake.reject(serverError(command.body.error, command.body.message));
        }
    }
  }
}
