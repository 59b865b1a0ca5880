import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { isConnectorError } from '../../src/errors';
import type { SubscriptionType } from '../../src/io';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import type { Certificate } from './certificates';
import { FakeWebSocketConsumer } from './fake-websocket-consumer';
import { FakeWebSocketProducer } from './fake-websocket-producer';

/** What a scripted service does with one message of a producer. */
export type SendVerdict =
  | 'store'
  /** Stored, and the answer never comes. */
  | 'lose-receipt'
  /** Neither stored nor answered. */
  | 'swallow'
  /** The connection ends before it is looked at. */
  | 'disconnect'
  /** Not stored; that text comes with `send-error:8`. */
  | { readonly error: string };

/** What a test may change at any time. */
export interface WebSocketScript {
  /** Largest frame; a real service closes with 1009 above it. */
  maxFrameBytes: number;
  /** Values of the Authorization header that are accepted; undefined = no authentication. */
  authorization: readonly string[] | undefined;
  /** Status and text with which a handshake is refused. */
  refuse: (url: URL) => { readonly status: number; readonly text: string } | undefined;
  send: (text: string) => SendVerdict;
  answersPing: boolean;
  answersAdmin: boolean;
}

/** `/ws/v2/<kind>/<domain>/<tenant>/<namespace>/<topic>[/<subscription>]` */
const ENDPOINT = /^\/ws\/v2\/(producer|consumer)\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)(?:\/([^/]+))?$/;
const ADMIN = /^\/admin\/v2\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/(partitions|internalStats)$/;

/**
 * Pulsar's WebSocket API in this process, over real sockets, in front of a MemoryBroker. It does what was seen on a
 * broker 4.0.8; the e2e suite runs the same scenarios against both.
 */
export class FakeWebSocketService {
  readonly script: WebSocketScript = {
    maxFrameBytes: 1024 * 1024,
    authorization: undefined,
    refuse: () => undefined,
    send: () => 'store',
    answersPing: true,
    answersAdmin: true,
  };
  readonly broker = new MemoryBroker();
  /** Called at every ping. */
  pinged: () => void = () => undefined;
  /** Of every handshake, in the order they came. */
  readonly urls: URL[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Subscriptions there have been, and below which number they are acknowledged. */
  readonly #sources: { readonly topic: string; readonly name: string; readonly floor: () => number }[] = [];
  #port = 0;

  readonly #scheme: 'ws' | 'wss';

  /** @param certificate for `wss:`. */
  constructor(certificate?: Certificate) {
    const answer: RequestListener = (request, response) => {
      const { status, text } = this.#admin(new URL(request.url ?? '', 'http://service'));
      response.writeHead(status).end(text);
    };
    this.#scheme = certificate === undefined ? 'ws' : 'wss';
    this.#server =
      certificate === undefined ? createServer(answer) : createSecureServer({ ...certificate }, answer);
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  static async start(certificate?: Certificate): Promise<FakeWebSocketService> {
    const service = new FakeWebSocketService(certificate);
    await service.listen();
    return service;
  }

  get serviceUrl(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
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
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '', 'http://service');
    const [, kind, domain, tenant, namespace, local = '', subscription = ''] =
      ENDPOINT.exec(url.pathname) ?? [];
    this.urls.push(url);
    const refuse = (status: number, text: string): void => {
      const body = errorPage(status, text);
      socket.end(
        `HTTP/1.1 ${status} Refused\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
    };
    const { authorization } = this.script;
    const refusal =
      authorization?.includes(request.headers.authorization ?? '') === false
        ? { status: 401, text: 'Authentication required' }
        : this.script.refuse(url);
    if (refusal !== undefined || kind === undefined) {
      refuse(refusal?.status ?? 404, refusal?.text ?? 'Not Found');
      return;
    }
    const topic = `${domain}://${tenant}/${namespace}/${decodeURIComponent(local)}`;
    let attach: (socket: WebSocket) => void;
    try {
      attach =
        kind === 'producer'
          ? this.#producer(topic, url.searchParams)
          : this.#consumer(topic, decodeURIComponent(subscription), url.searchParams);
    } catch (error) {
      refuse(409, refusalText(error));
      return;
    }
    const server = new WebSocketServer({ noServer: true, autoPong: false });
    server.handleUpgrade(request, socket, head, (opened) => {
      opened.on('ping', (data) => {
        this.pinged();
        if (this.script.answersPing) {
          opened.pong(data);
        }
      });
      attach(opened);
    });
  }

  #producer(topic: string, parameters: URLSearchParams): (socket: WebSocket) => void {
    const { name } = this.broker.register(topic, parameters.get('producerName') ?? undefined);
    return (socket) => new FakeWebSocketProducer(socket, this.broker, this.script, topic, name);
  }

  #consumer(topic: string, subscription: string, parameters: URLSearchParams): (socket: WebSocket) => void {
    const consumer = new FakeWebSocketConsumer(this.broker, {
      topic,
      subscription,
      subscriptionType: (parameters.get('subscriptionType') ?? 'Exclusive') as SubscriptionType,
      initialPosition: parameters.get('subscriptionInitialPosition') === 'Earliest' ? 'earliest' : 'latest',
      receiverQueueSize: Number(parameters.get('receiverQueueSize') ?? 1000),
      redeliveryDelayMs: Number(parameters.get('negativeAckRedeliveryDelay') ?? 60_000),
      pullMode: parameters.get('pullMode') === 'true',
      name: parameters.get('consumerName') ?? this.broker.chosenName(),
    });
    this.#sources.push({ topic, name: subscription, floor: () => consumer.floor });
    return (socket) => consumer.attach(socket);
  }

  #admin({ pathname }: URL): { readonly status: number; readonly text: string } {
    const [, domain, tenant, namespace, local = '', what] = ADMIN.exec(pathname) ?? [];
    if (what === undefined || !this.script.answersAdmin) {
      return { status: 404, text: errorPage(404, 'Not Found') };
    }
    if (what === 'partitions') {
      return { status: 200, text: '{"partitions":0,"deleted":false}' };
    }
    const topic = `${domain}://${tenant}/${namespace}/${decodeURIComponent(local)}`;
    const cursors = this.#sources
      .filter((source) => source.topic === topic)
      .map(({ name, floor }) => [encodeURIComponent(name), { markDeletePosition: `0:${floor() - 1}` }]);
    const stats = {
      lastConfirmedEntry: `0:${this.broker.stored(topic) - 1}`,
      cursors: Object.fromEntries(cursors),
    };
    return { status: 200, text: JSON.stringify(stats) };
  }
}

/** As a broker says it, for the refusals a MemoryBroker knows. */
function refusalText(error: unknown): string {
  if (isConnectorError(error, 'PULSAR_BUSY')) {
    return brokerText(
      "BrokerServiceException$NamingException: Producer with name 'x' is already connected to topic",
    );
  }
  if (isConnectorError(error, 'PULSAR_CONSUMER_BUSY')) {
    return brokerText('Exclusive consumer is already connected');
  }
  return brokerText(
    "Subscription is of different type. Active subscription type of 'Exclusive' is different",
  );
}

function brokerText(errorMsg: string): string {
  return `Failed to create producer/consumer: {"errorMsg":"${errorMsg}","reqId":1, "remote":"broker"}`;
}

/** An error page as Jetty writes it. */
function errorPage(status: number, text: string): string {
  const escaped = text.replace(/"/g, '&quot;').replace(/'/g, '&apos;');
  return `<html><head><title>Error ${status} ${escaped}</title></head><body><h2>HTTP ERROR ${status}</h2><table>
<tr><th>STATUS:</th><td>${status}</td></tr><tr><th>MESSAGE:</th><td>${escaped}</td></tr>
<tr><th>SERVLET:</th><td>WebSocketServlet</td></tr></table></body></html>`;
}
