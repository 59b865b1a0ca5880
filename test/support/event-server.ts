import { readFileSync } from 'node:fs';
import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
  type ServerOptions,
} from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { eventFrame } from '../../src/emulator/event-frame';

export type EventServerProtocol = 'http1' | 'h2c' | 'h2' | 'https1';

export interface EventRequest {
  readonly headers: IncomingMessage['headers'];
  readonly httpVersion: string;
  readonly body: { readonly [member: string]: unknown };
}

export type EventResponse = ServerResponse | Http2ServerResponse;

export interface EventServer {
  readonly endpoint: string;
  readonly port: number;
  /** Connections made so far. */
  readonly connections: () => number;
  /** HTTP/2 sessions that stand. */
  readonly sessions: ReadonlySet<ServerHttp2Session>;
  /** Cuts every connection without a word. */
  cut(): void;
  close(): Promise<void>;
}

/** A service that answers every request as `answer` does: what connections do is the matter. */
export async function startEventServer(
  protocol: EventServerProtocol,
  answer: (request: EventRequest, response: EventResponse) => void,
  options: ServerOptions = {},
  greet?: (session: ServerHttp2Session) => void,
): Promise<EventServer> {
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  let connections = 0;
  const listener = (request: IncomingMessage | Http2ServerRequest, response: EventResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString() || '{}');
      answer({ headers: request.headers, httpVersion: request.httpVersion, body }, response);
    });
    response.on('error', () => undefined);
  };
  const server = serverOf(protocol, listener, options);
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => undefined);
    greet?.(session);
  });
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of sockets) {
      socket.destroy();
    }
  };
  const scheme = protocol === 'h2' || protocol === 'https1' ? 'https' : 'http';
  return {
    endpoint: `${scheme}://127.0.0.1:${port}`,
    port,
    connections: () => connections,
    sessions,
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}

function serverOf(
  protocol: EventServerProtocol,
  listener: (request: IncomingMessage | Http2ServerRequest, response: EventResponse) => void,
  options: ServerOptions,
): Server {
  switch (protocol) {
    case 'http1':
      return createHttp1Server(listener);
    case 'h2c':
      return createHttp2Server(options, listener);
    case 'h2':
      return createSecureServer({ ...options, ...certificate(), allowHTTP1: true }, listener);
    case 'https1':
      return createTlsServer(certificate(), listener);
  }
}

/** Of a package that brings one for its own server; nobody trusts it. */
function certificate(): { readonly key: Buffer; readonly cert: Buffer } {
  const folder = join(dirname(require.resolve('kinesalite')), 'ssl');
  return {
    key: readFileSync(join(folder, 'server-key.pem')),
    cert: readFileSync(join(folder, 'server-crt.pem')),
  };
}

export const EVENT_STREAM_HEAD = { 'content-type': 'application/vnd.amazon.eventstream' };
const CONTENT_TYPE = { ':content-type': 'application/x-amz-json-1.1' };

export const INITIAL_RESPONSE = Buffer.from(
  eventFrame({ ':message-type': 'event', ':event-type': 'initial-response', ...CONTENT_TYPE }, '{}'),
);

/** An event as AWS sends it; `data` are its records. */
export function subscriptionEvent(
  data: readonly Uint8Array[],
  continuation = `${data.length}`,
  others: object = {},
): Buffer {
  const Records = data.map((bytes, i) => ({
    Data: Buffer.from(bytes).toString('base64'),
    PartitionKey: `key-${i}`,
    SequenceNumber: `${i}`,
    ApproximateArrivalTimestamp: 1_700_000_000.123,
    EncryptionType: 'NONE',
  }));
  const event = { Records, ContinuationSequenceNumber: continuation, MillisBehindLatest: 0, ...others };
  return Buffer.from(
    eventFrame(
      { ':message-type': 'event', ':event-type': 'SubscribeToShardEvent', ...CONTENT_TYPE },
      JSON.stringify(event),
    ),
  );
}

export function exceptionEvent(type: string, message: string): Buffer {
  return Buffer.from(
    eventFrame(
      { ':message-type': 'exception', ':exception-type': type, ...CONTENT_TYPE },
      JSON.stringify({ message }),
    ),
  );
}

/** A wire to a server that may be cut off without either end being told. */
export interface Wire {
  readonly port: number;
  /** From now on nothing gets through. */
  freeze(): void;
  close(): Promise<void>;
}

export async function startWire(target: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    freeze: () => {
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) {
          socket.destroy();
        }
      }),
  };
}
