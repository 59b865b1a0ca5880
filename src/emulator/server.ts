import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, sleep } from '../util/clock';
import type { Random } from '../util/random';
import { refuseEntries } from './entry-refusal';
import type { CallPlan, Faults } from './faults';
import { type ServiceClock, ServiceError, type ServiceModel } from './service-model';

/** Ten MiB of records in base64 with room for what stands around them. */
const MAX_BODY_BYTES = 20 * 1024 * 1024;
const CONTENT_TYPES = ['application/x-amz-json-1.0', 'application/x-amz-json-1.1'];

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

/** Serves AWS JSON over HTTP/1.1: X-Amz-Target names service and operation, signatures are not looked at. */
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
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const body = await readBody(request);
  const answer = (status: number, text: string): void => send(options, request, response, status, text);
  try {
    const call = parseCall(options.services, request, body);
    const plan = options.faults.plan(call.operation, call.input);
    if (plan.delayBefore > 0) {
      await sleep(options.timer, plan.delayBefore, signal);
    }
    const { outcome } = plan;
    if (outcome?.kind === 'error') {
      throw new ServiceError(outcome.type, outcome.message ?? '', outcome.status ?? 400);
    }
    const text = outcome === undefined || outcome.applied ? execute(call, plan, options.random) : '';
    if (plan.delayAfter > 0) {
      await sleep(options.timer, plan.delayAfter, signal);
    }
    if (outcome?.kind === 'disconnect') {
      response.destroy();
    } else if (outcome === undefined) {
      answer(200, text);
    }
  } catch (error) {
    const { status, type, message, fields } = asServiceError(error);
    answer(status, JSON.stringify({ __type: type, message, ...fields }));
  }
}

interface Call {
  readonly service: ServiceModel;
  readonly operation: string;
  readonly input: unknown;
}

/** @throws ServiceError in the order in which AWS looks: content type, target, body. */
function parseCall(services: readonly ServiceModel[], request: IncomingMessage, body: Buffer): Call {
  const contentType = request.headers['content-type']?.split(';')[0]?.trim() ?? '';
  const [target, operation] = String(request.headers['x-amz-target'] ?? '').split('.');
  const service = services.find((candidate) => candidate.target === target);
  if (
    request.method !== 'POST' ||
    service === undefined ||
    operation === undefined ||
    !service.operations.includes(operation)
  ) {
    throw new ServiceError('UnknownOperationException', `${target}.${operation} is not emulated.`);
  }
  if (!CONTENT_TYPES.includes(contentType)) {
    throw new ServiceError('UnknownOperationException', `Content type ${contentType} is not emulated.`, 404);
  }
  if (body.length > MAX_BODY_BYTES) {
    throw new ServiceError('RequestEntityTooLarge', `The body is longer than ${MAX_BODY_BYTES} bytes.`, 413);
  }
  try {
    return { service, operation, input: JSON.parse(body.toString()) };
  } catch {
    throw new ServiceError('SerializationException', 'The body is no JSON.');
  }
}

function execute({ service, operation, input }: Call, plan: CallPlan, random: Random): string {
  if (plan.refusal !== undefined) {
    return JSON.stringify(
      refuseEntries(input, plan.refusal, random, (rest) => service.invoke(operation, rest)),
    );
  }
  return service.invokeText?.(operation, input) ?? JSON.stringify(service.invoke(operation, input));
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
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
): void {
  const bytes = Buffer.from(text);
  response.sendDate = false;
  response.writeHead(status, {
    'x-amzn-RequestId': options.random.hex(16).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    'Content-Type': request.headers['content-type'] ?? 'application/x-amz-json-1.1',
    'Content-Length': bytes.length,
    Date: new Date(options.clock.now()).toUTCString(),
  });
  response.end(bytes);
}
