import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { type ClientHttp2Stream, constants, type IncomingHttpStatusHeader } from 'node:http2';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Origin } from './dial';
import { firstEvent } from './first-event';

/** A signed request. */
export interface ExchangeRequest {
  readonly origin: Origin;
  readonly method: string;
  readonly path: string;
  /** Names in lower case; `host` among them. */
  readonly headers: { readonly [name: string]: string };
  readonly body: Uint8Array;
}

/** An answer whose body is still in the connection. */
export interface ExchangeAnswer {
  readonly statusCode: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: Readable;
  /** Resets the stream; over HTTP/1.1 the connection goes with it. Idempotent. */
  close(): void;
}

/**
 * Over a connection of its own.
 * @throws the error of the connection, the signal's reason
 */
export async function exchangeHttp1(
  socket: Socket,
  { method, path, headers, body }: ExchangeRequest,
  signal: AbortSignal,
): Promise<ExchangeAnswer> {
  const sent = request({ createConnection: () => socket, method, path, headers });
  sent.end(body);
  const answer = await firstEvent<IncomingMessage>(sent, 'response', signal);
  return {
    statusCode: answer.statusCode ?? 0,
    headers: textHeaders(answer.headers),
    body: answer,
    close: () => socket.destroy(),
  };
}

/**
 * Over a stream that has been opened with the request.
 * @throws the error of the connection, the signal's reason
 */
export async function exchangeHttp2(stream: ClientHttp2Stream, signal: AbortSignal): Promise<ExchangeAnswer> {
  const headers = await firstEvent<IncomingHttpHeaders & IncomingHttpStatusHeader>(
    stream,
    'response',
    signal,
  );
  return {
    statusCode: headers[':status'] ?? 0,
    headers: textHeaders(headers),
    body: stream,
    close: () => {
      stream.close(constants.NGHTTP2_CANCEL);
      // Without it what has been received already would be kept until somebody reads it.
      stream.destroy();
    },
  };
}

/** Headers of a request over HTTP/2, where `:authority` stands for `host`, which is what was signed. */
export function http2Headers({ method, path, headers, origin }: ExchangeRequest): OutgoingHttpHeaders {
  const { host, ...others } = headers;
  return {
    ':method': method,
    ':scheme': origin.protocol.slice(0, -1),
    ':authority': host,
    ':path': path,
    ...others,
  };
}

function textHeaders(headers: IncomingHttpHeaders): { [name: string]: string } {
  const plain = Object.entries(headers).filter(([name]) => !name.startsWith(':'));
  return Object.fromEntries(plain.map(([name, value]) => [name, String(value)]));
}
