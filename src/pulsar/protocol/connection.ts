import type { Socket } from 'node:net';
import { deferred } from '../../util/deferred';
import { type CommandName, type Commands, decodeCommand } from './command';
import { routeCommand } from './command-route';
import { connectionError } from './connection-error';
import { cutOff } from './cut-off';
import { isDelivery, newDelivery, readDelivery } from './delivery';
import type {
  Answers,
  BrokerAddress,
  ConnectionSettings,
  ConsumerEndpoint,
  ProducerEndpoint,
  SecureSocket,
} from './endpoint';
import { commandFrame, DEFAULT_MAX_MESSAGE_SIZE, FRAME_PADDING, FrameReader } from './frame';
import { type FrameSource, FrameWriter } from './frame-writer';
import { Handshake } from './handshake';
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
  readonly #handshake: Handshake;
  /** The TCP below `#socket`; the same without TLS, and until it stands. */
  readonly #tcp: Socket;
  #socket: Socket;
  #writer: FrameWriter;
  readonly #requests: PendingRequests;
  readonly #keepAlive: KeepAlive;
  readonly #connected = deferred<void>();
  readonly #ended = deferred<void>();
  readonly #receipt: Receipt = { producerId: -1, sequenceId: -1, duplicate: false };
  readonly #delivery = newDelivery();
  #maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE;
  #error: ProtocolError | undefined;

  private constructor(
    address: BrokerAddress,
    settings: ConnectionSettings,
    secure: SecureSocket | undefined,
  ) {
    this.address = address;
    this.#handshake = new Handshake(settings.authentication);
    this.#requests = new PendingRequests(settings.clock, settings.operationTimeout);
    this.#keepAlive = new KeepAlive(
      settings.clock,
      settings.keepAliveInterval,
      () => this.send('ping', {}),
      () => this.destroy(new ProtocolError('unavailable', 'the broker does not answer pings')),
    );
    this.#connected.promise.catch(() => undefined);
    const { host, port } = settings.sniProxy ?? address;
    this.#tcp = settings.connect(host, port);
    this.#socket = this.#tcp;
    this.#writer = new FrameWriter(this.#tcp);
    this.#guard(this.#tcp);
    if (secure === undefined) {
      this.#listen('connect');
    } else {
      this.#tcp.once('connect', () => this.#secure(secure));
    }
  }

  /** A connection that has passed its handshake; `signal` ends it, whenever. @throws ProtocolError */
  static async open(
    address: BrokerAddress,
    settings: ConnectionSettings,
    signal: AbortSignal,
  ): Promise<Connection> {
    const secure = address.tls ? await secureSocket(settings) : undefined;
    signal.throwIfAborted();
    const connection = new Connection(address, settings, secure);
    const onAbort = (): void => connection.destroy(asProtocolError(signal.reason, 'closed'));
    signal.addEventListener('abort', onAbort, { once: true });
    connection.ended.then(() => signal.removeEventListener('abort', onAbort));
    const { clock, connectionTimeout } = settings;
    const timer = clock.setTimer(() => {
      connection.destroy(new ProtocolError('unavailable', `no connection within ${connectionTimeout} ms`));
    }, connectionTimeout);
    try {
      await connection.#connected.promise;
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
      this.#tcp.destroy();
    } else {
      cutOff(this.#tcp);
    }
    this.#socket.destroy();
    this.#connected.reject(error);
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

  #secure(secure: SecureSocket): void {
    this.#socket = secure(this.#tcp, this.address.host);
    this.#writer = new FrameWriter(this.#socket);
    this.#guard(this.#socket);
    this.#listen('secureConnect');
  }

  #guard(socket: Socket): void {
    const where = `${this.address.host}:${this.address.port}`;
    socket.on('error', (cause) => this.destroy(connectionError(where, cause)));
    socket.on('close', () => this.destroy(new ProtocolError('unavailable', `connection to ${where} closed`)));
  }

  #listen(standing: 'connect' | 'secureConnect'): void {
    const reader = new FrameReader((command, payload) => this.#receive(command, payload, reader));
    const fail = (error: unknown): void => this.destroy(asProtocolError(error, 'unavailable'));
    this.#socket.once(standing, () => {
      this.#handshake.connectBody(this.address).then((body) => this.send('connect', body), fail);
    });
    this.#socket.on('data', (chunk: Buffer) => {
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
  }

  #receive(bytes: Buffer, payload: Buffer, reader: FrameReader): void {
    // Bytes alone say nothing: those of answers may go into a frame that does not end.
    this.#keepAlive.heard();
    if (isReceipt(bytes)) {
      readReceipt(bytes, this.#receipt);
      const { producerId, sequenceId, duplicate } = this.#receipt;
      this.producers.get(producerId)?.receipt(sequenceId, duplicate);
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
        this.#maxMessageSize = limitOf(command.body.maxMessageSize);
        reader.maxFrameBytes = this.#maxMessageSize + FRAME_PADDING;
        this.#connected.resolve();
        break;
      case 'authChallenge':
        this.#handshake.challengeBody().then(
          (body) => this.send('authResponse', body),
          (error) => this.destroy(asProtocolError(error, 'authentication')),
        );
        break;
      default:
        if (command === undefined || routeCommand(command, this) || this.#requests.settle(command)) {
          break;
        }
        if (command.name === 'error') {
          // Before the handshake has ended there is no request the error could belong to.
          this.#connected.reject(serverError(command.body.error, command.body.message));
        }
    }
  }
}

/** A limit below 1 would refuse every message. */
function limitOf(told = 0): number {
  return told > 0 ? told : DEFAULT_MAX_MESSAGE_SIZE;
}

async function secureSocket({ tls }: ConnectionSettings): Promise<SecureSocket> {
  if (tls === undefined) {
    throw new ProtocolError('tls', 'the broker is to be reached by TLS, which is not configured');
  }
  return tls();
}
