import type { OutgoingHttpHeaders } from 'node:http';
import type { ServerOptions as Http2Options } from 'node:http2';
import { gunzipSync } from 'node:zlib';
import { allowManyListeners } from '../util/abort';
import { type Clock, sleep } from '../util/clock';
import type { Random } from '../util/random';
import { CBOR_PROTOCOL, isCbor } from './cbor-protocol';
import { refusing } from './entry-refusal';
import { type EventPayloads, writeEvents } from './event-answer';
import { endingWith } from './event-ending';
import { EVENT_STREAM } from './event-frame';
import type { CallPlan, Faults } from './faults';
import { type Exchange, type HttpPort, openHttpPort, type TlsIdentity } from './http-port';
import { JSON_PROTOCOL } from './json-protocol';
import { isQuery, QUERY_PROTOCOL } from './query-protocol';
import { streamsEvents } from './rpc-target';
import { type Caller, type ServiceClock, ServiceError, type ServiceModel } from './service-model';
import { callerOf, checkSignatureTime } from './signature';
import type { WireAnswer, WireCall, WireProtocol, WireRequest } from './wire-protocol';

/** Ten MiB of records in base64 with room for what stands around them. */
const MAX_BODY_BYTES = 20 * 1024 * 1024;

/** What of the wire may be chosen. */
export interface WireOptions {
  /** Whether CBOR is answered where a service speaks it; true when absent. */
  readonly cbor?: boolean;
  /** Whether a request signed more than five minutes off the service's time is refused; false when absent. */
  readonly checkSignatureTime?: boolean;
  /** Whether a stream's name means one of the region that signed the request; true when absent. An ARN always names its own. */
  readonly regionsApart?: boolean;
  /** Of HTTP/2, beside Node's defaults. */
  readonly http2?: Http2Options;
  /** HTTPS instead of HTTP; the client chooses the version by ALPN. */
  readonly tls?: TlsIdentity;
}

export interface ServerOptions extends WireOptions {
  readonly services: readonly ServiceModel[];
  /** Of the Date header. */
  readonly clock: ServiceClock;
  /** Of delays. */
  readonly timer: Clock;
  readonly random: Random;
  readonly faults: Faults;
  /** Who may call, and as whom; everybody as they say when absent. @throws ServiceError */
  readonly admit?: (call: WireCall, request: WireRequest) => Caller;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

export type RunningServer = HttpPort;

/**
 * Serves AWS JSON, the same in CBOR, and the query protocol, over HTTP/1.1 and HTTP/2. Of a signature only the time is
 * checked, if so chosen.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const closing = new AbortController();
  allowManyListeners(closing.signal);
  const { port, close } = await openHttpPort(options, (exchange) => {
    // What fails here has lost its connection: nobody is left to be told.
    serve(options, exchange, closing.signal).catch(() => exchange.response.destroy());
  });
  return {
    port,
    close: () => {
      closing.abort(new Error('the emulator was closed'));
      return close();
    },
  };
}

/** Writes the answer to what was done. */
type Reply = () => void | Promise<void>;

interface Context {
  readonly options: ServerOptions;
  readonly exchange: Exchange;
  readonly protocol: WireProtocol;
  readonly request: WireRequest;
  readonly requestId: string;
  /** Aborted once the client is gone, or has its answer. */
  readonly gone: AbortSignal;
}

async function serve(options: ServerOptions, exchange: Exchange, closing: AbortSignal): Promise<void> {
  const gone = new AbortController();
  exchange.response.once('close', () => gone.abort(new Error('the client is gone')));
  const { method = '', headers } = exchange.request;
  const { region, ...caller } = callerOf(headers);
  const isApart = options.regionsApart !== false && region !== undefined;
  const request = {
    method,
    headers,
    body: await readBody(exchange.request),
    caller: isApart ? { ...caller, region } : caller,
  };
  const context: Context = {
    options,
    exchange,
    protocol: protocolOf(request, options),
    request,
    requestId: options.random.hex(16).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    gone: gone.signal,
  };
  const reply = await replyTo(context, closing).catch((thrown): Reply => {
    const error = asServiceError(thrown);
    return () => send(context, error.status, context.protocol.failure(error, request, context.requestId));
  });
  await reply();
}

async function replyTo(context: Context, closing: AbortSignal): Promise<Reply> {
  const { options, exchange, protocol, request } = context;
  if (options.checkSignatureTime) {
    checkSignatureTime(request.headers, options.clock.now());
  }
  const call = protocol.read(options.services, { ...request, body: unpacked(request) });
  if (request.body.length > (call.service.maxBodyBytes ?? MAX_BODY_BYTES)) {
    throw new ServiceError('RequestEntityTooLarge', 'Request entity too large.', 413);
  }
  const caller = options.admit?.(call, request) ?? request.caller;
  const plan = options.faults.plan(call.operation, call.input);
  if (plan.delayBefore > 0) {
    await sleep(options.timer, plan.delayBefore, closing);
  }
  const { outcome } = plan;
  if (outcome?.kind === 'error') {
    throw new ServiceError(outcome.type, outcome.message ?? '', outcome.status ?? 400);
  }
  const reply =
    outcome === undefined || outcome.applied
      ? perform({ ...context, request: { ...request, caller } }, call, plan)
      : undefined;
  if (plan.delayAfter > 0) {
    await sleep(options.timer, plan.delayAfter, closing);
  }
  if (outcome?.kind === 'disconnect') {
    return exchange.cut;
  }
  return outcome === undefined && reply !== undefined ? reply : () => undefined;
}

/** Does the call. @throws ServiceError */
function perform(context: Context, call: WireCall, plan: CallPlan): Reply {
  const { options, exchange, protocol, request, requestId, gone } = context;
  const { service, operation, input } = call;
  if (service.openEvents === undefined || !streamsEvents(service, operation)) {
    const { refusal } = plan;
    const refused = refusal === undefined ? service : refusing(service, refusal, options.random);
    const answer = protocol.invoke({ ...call, service: refused }, request, requestId);
    return () => send(context, 200, answer);
  }
  const opened = service.openEvents(operation, input, request.caller);
  const source = plan.events === undefined ? opened : endingWith(opened, plan.events);
  gone.addEventListener('abort', () => source.close(), { once: true });
  if (gone.aborted) {
    source.close();
  }
  const payloads: EventPayloads = {
    event: (text) => protocol.event(call, text),
    failure: (thrown) => {
      const error = asServiceError(thrown);
      return [error.type, protocol.failure(error, request, requestId)];
    },
  };
  return () => {
    writeHead(context, 200, { 'Content-Type': EVENT_STREAM });
    return writeEvents(exchange, source, payloads, gone);
  };
}

function protocolOf(request: WireRequest, { cbor = true }: WireOptions): WireProtocol {
  if (isQuery(request)) {
    return QUERY_PROTOCOL;
  }
  return cbor && isCbor(request) ? CBOR_PROTOCOL : JSON_PROTOCOL;
}

function unpacked({ headers, body }: WireRequest): Buffer {
  if (headers['content-encoding'] !== 'gzip') {
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

async function readBody(request: Exchange['request']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function send(context: Context, status: number, { contentType, headers, body }: WireAnswer): void {
  const bytes = Buffer.from(body);
  writeHead(context, status, { ...headers, 'Content-Type': contentType, 'Content-Length': bytes.length });
  context.exchange.response.end(bytes);
}

function writeHead(
  { options, exchange, requestId }: Context,
  status: number,
  headers: OutgoingHttpHeaders,
): void {
  exchange.response.sendDate = false;
  exchange.response.writeHead(status, {
    'x-amzn-RequestId': requestId,
    Date: new Date(options.clock.now()).toUTCString(),
    ...headers,
  });
}
