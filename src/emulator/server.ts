import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type Clock, sleep } from '../util/clock';
import type { Random } from '../util/random';
import { refusing } from './entry-refusal';
import type { Faults } from './faults';
import { JSON_PROTOCOL } from './json-protocol';
import { isQuery, QUERY_PROTOCOL } from './query-protocol';
import { type ServiceClock, ServiceError, type ServiceModel } from './service-model';
import type { WireAnswer, WireRequest } from './wire-protocol';

/** Ten MiB of records in base64 with room for what stands around them. */
const MAX_BODY_BYTES = 20 * 1024 * 1024;

export interface ServerOptions {
  readonly services: readonly ServiceModel[];
  /** Of the Date header. */
  readonly clock: ServiceClock;
  /** Of delays. */
  readonly timer: Clock;
  readonly random: Random;
  readonly faults: Faults;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

export interface RunningServer {
  readonly port: number;
  /** Cuts every connection, also those whose call is under way. */
  close(): Promise<void>;
}

/** Serves AWS JSON and the query protocol over HTTP/1.1; signatures are not looked at. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const closing = new AbortController();
  const server = createServer((request, response) => {
    // What fails here has lost its connection: nobody is left to be told.
    serve(options, request, response, closing.signal).catch(() => response.destroy());
  });
  // An idle connection is closed by the client or by `close`: otherwise a client may meet a socket just closed.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  await listen(server, options.host, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        closing.abort(new Error('the emulator was closed'));
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
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

async function serve(
  options: ServerOptions,
  incoming: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const sent = await readBody(incoming);
  const protocol = isQuery(incoming) ? QUERY_PROTOCOL : JSON_PROTOCOL;
  const requestId = options.random.hex(16).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const request: WireRequest = { method: incoming.method ?? '', headers: incoming.headers, body: sent };
  const answer = (status: number, wire: WireAnswer): void => send(options, response, status, requestId, wire);
  try {
    const call = protocol.read(options.services, { ...request, body: unpacked(incoming, sent) });
    if (sent.length > (call.service.maxBodyBytes ?? MAX_BODY_BYTES)) {
      throw new ServiceError('RequestEntityTooLarge', 'Request entity too large.', 413);
    }
    const plan = options.faults.plan(call.operation, call.input);
    if (plan.delayBefore > 0) {
      await sleep(options.timer, plan.delayBefore, signal);
    }
    const { outcome, refusal } = plan;
    if (outcome?.kind === 'error') {
      throw new ServiceError(outcome.type, outcome.message ?? '', outcome.status ?? 400);
    }
    const service = refusal === undefined ? call.service : refusing(call.service, refusal, options.random);
    const done =
      outcome === undefined || outcome.applied
        ? protocol.invoke({ ...call, service }, request, requestId)
        : undefined;
    if (plan.delayAfter > 0) {
      await sleep(options.timer, plan.delayAfter, signal);
    }
    if (outcome?.kind === 'disconnect') {
      response.destroy();
    } else if (outcome === undefined && done !== undefined) {
      answer(200, done);
    }
  } catch (thrown) {
    const error = asServiceError(thrown);
    answer(error.status, protocol.failure(error, request, requestId));
  }
}

function unpacked(request: IncomingMessage, body: Buffer): Buffer {
  if (request.headers['content-encoding'] !== 'gzip') {
    return body;
  }
  try {
    return gunzipSync(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch {
    throw new ServiceError('SerializationException', 'The body is no gzip.');
  }
}

/** An error that is none of the service's own is a defect of the emulator: its text is what mends it. */
function asServiceError(error: unknown): ServiceError {
  return error instanceof ServiceError
    ? error
    : new ServiceError(
        'InternalFailure',
        error instanceof Error ? (error.stack ?? error.message) : String(error),
        500,
      );
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function send(
  options: ServerOptions,
  response: ServerResponse,
  status: number,
  requestId: string,
  { contentType, headers, text }: WireAnswer,
): void {
  const bytes = Buffer.from(text);
  response.sendDate = false;
  response.writeHead(status, {
    ...headers,
    'x-amzn-RequestId': requestId,
    'Content-Type': contentType,
    'Content-Length': bytes.length,
    Date: new Date(options.clock.now()).toUTCString(),
  });
  response.end(bytes);
}
