import {
  createServer as createHttp1Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http';
import {
  createServer as createHttp2Server,
  type ServerOptions as Http2Options,
  type ServerHttp2Session,
} from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';

/** First bytes of a connection that speaks HTTP/2 without having asked. Source: RFC 9113, 3.4. */
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** MiB that answers on one HTTP/2 connection may wait with; above it Node refuses new streams on it, which AWS does not. */
const SESSION_MEMORY = 4_096;

/** A request and the place of its answer, the same over both versions of HTTP. */
export interface Exchange {
  readonly request: Readable & {
    readonly method?: string | undefined;
    readonly headers: IncomingHttpHeaders;
  };
  readonly response: Writable & {
    sendDate: boolean;
    writeHead(status: number, headers: OutgoingHttpHeaders): unknown;
  };
  /** Cuts the connection it came by, and with it whatever else is on that. */
  cut(): void;
}

/** Of a server, in PEM. */
export interface TlsIdentity {
  readonly key: string;
  /** Followed by those of the authorities between it and the root, if there are any. */
  readonly cert: string;
}

export interface HttpPortOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Beside Node's defaults. */
  readonly http2?: Http2Options;
  /** TLS instead of plain text. */
  readonly tls?: TlsIdentity;
}

export interface HttpPort {
  readonly port: number;
  /** Cuts every connection, also those whose call is under way. */
  close(): Promise<void>;
}

/** Listens for HTTP/1.1 and HTTP/2 on one port: the first bytes of a connection tell (h2c with prior knowledge), or ALPN. */
export async function openHttpPort(
  options: HttpPortOptions,
  handle: (exchange: Exchange) => void,
): Promise<HttpPort> {
  const http1 = createHttp1Server((request, response) =>
    handle({ request, response, cut: () => response.destroy() }),
  );
  // An idle connection is closed by the client or by `close`: otherwise a client may meet a socket just closed.
  http1.keepAliveTimeout = 0;
  http1.requestTimeout = 0;
  const sockets = new Set<Socket>();
  const socketOf = new WeakMap<object, Socket>();
  const http2 = createHttp2Server(
    { maxSessionMemory: SESSION_MEMORY, ...options.http2 },
    (request, response) =>
      handle({
        request,
        response,
        // Not by the session, which would tell the client of it first.
        cut: () => {
          const { session } = response.stream;
          if (session !== undefined) {
            socketOf.get(session)?.destroy();
          }
        },
      }),
  );
  const handOver = (socket: Socket, isHttp2: boolean): void => {
    if (isHttp2) {
      socket.allowHalfOpen = false;
      http2.once('session', (session: ServerHttp2Session) => socketOf.set(session, socket));
      http2.emit('connection', socket);
    } else {
      http1.emit('connection', socket);
    }
  };
  const server = createPort(options.tls, handOver);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await listen(server, options.host, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) {
          socket.destroy();
        }
      }),
  };
}

/** Tells of each connection once its version of HTTP is known. */
function createPort(
  tls: TlsIdentity | undefined,
  handOver: (socket: Socket, isHttp2: boolean) => void,
): Server {
  // Half-open as Node's server for HTTP/1.1 has it: a client may end its half and still have its answer.
  const options = { allowHalfOpen: true, noDelay: true };
  // Errors: of a connection that breaks before it was handed over; later the servers listen themselves.
  if (tls === undefined) {
    return createServer(options, (socket) => {
      socket.on('error', () => undefined);
      peek(socket, (isHttp2) => handOver(socket, isHttp2));
    });
  }
  return createTlsServer({ ...options, ...tls, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    socket.on('error', () => undefined);
    handOver(socket, socket.alpnProtocol === 'h2');
  });
}

/** Reads until the version is plain, gives back what was read, and hands the connection over. */
function peek(socket: Socket, handOver: (isHttp2: boolean) => void): void {
  let head = Buffer.alloc(0);
  const onEnd = (): void => {
    socket.destroy();
  };
  const onReadable = (): void => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
      head = Buffer.concat([head, chunk as Buffer]);
    }
    const start = head.toString('latin1', 0, PREFACE.length);
    if (PREFACE.startsWith(start) && start.length < PREFACE.length) {
      return;
    }
    socket.off('readable', onReadable);
    socket.off('end', onEnd);
    socket.unshift(head);
    handOver(start === PREFACE);
  };
  socket.on('readable', onReadable);
  socket.on('end', onEnd);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
