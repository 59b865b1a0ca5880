import type { AgentOptions, IncomingMessage } from 'node:http';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsSettings } from '../config/types';
import { abortable } from '../util/abort';
import type { Clock } from '../util/clock';
import { ArrivingBody } from './arriving-body';
import type { NetworkSettings } from './dial';
import { dialingAgents } from './dialing-agent';

/** A body that holds nothing. */
export const NOTHING = Buffer.alloc(0);

type Handle = NodeHttpHandler['handle'];
type HandlerOptions = NonNullable<Parameters<Handle>[1]>;

/** How many connections there may be, and how many may be kept; unbounded and 256 when absent. */
export type Connections = Pick<AgentOptions, 'maxSockets' | 'maxFreeSockets'>;

/** Options of one call; the SDK hands them from `client.send` to the handler untouched. */
export interface AnswerOptions extends HandlerOptions {
  /** Called with the Content-Length (0 when there is none) before the body of a success is read. */
  readonly admit?: (bytes: number) => Promise<void>;
  /** Told the Date header, milliseconds since the epoch, when there is one. */
  readonly onDate?: (serviceTime: number) => void;
  /** Takes the body of a success; the SDK is given an empty one and reads no output from it. */
  readonly take?: (body: Buffer) => void;
  /** Gives the body of an error as the SDK can read it. */
  readonly explain?: (status: number, body: Buffer) => Buffer;
}

/**
 * Carry past the SDK what ended an answer: `admit`, or the connection. The SDK writes into the errors it meets, and
 * replaces those that are no instance of its own realm's Error, with the loss of their code.
 */
export class AdmissionRefused extends Error {
  constructor(override readonly cause: unknown) {
    super('the answer was not admitted');
  }
}
export class ConnectionFailed extends Error {
  constructor(override readonly cause: unknown) {
    super('the connection failed');
  }
}

export type HandlerSettings = NetworkSettings &
  Pick<AwsSettings, 'connectTimeout' | 'requestTimeout' | 'clientOptions'>;

/**
 * HTTP/1.1 with kept connections: the SDK's own default for Kinesis opens an HTTP/2 session a call, and Node's
 * 64 KiB flow control window makes a large answer wait for a round trip at every window.
 * Bodies are read here, so that an answer can be held back in its socket, and one that stops halfway is noticed.
 */
export class AnswerHandler extends NodeHttpHandler {
  readonly #clock: Clock;
  readonly #idleMs: number;

  constructor(settings: HandlerSettings, connections: Connections, clock: Clock) {
    const { connectTimeout, requestTimeout } = settings;
    super({
      connectionTimeout: connectTimeout,
      requestTimeout,
      throwOnRequestTimeout: true,
      // An answer that waits for admission is idle and well.
      socketTimeout: 0,
      ...agentsOf(settings, connections, clock),
    });
    this.#clock = clock;
    this.#idleMs = requestTimeout;
  }

  override async handle(
    request: Parameters<Handle>[0],
    options: AnswerOptions = {},
  ): ReturnType<NodeHttpHandler['handle']> {
    try {
      const { response } = await super.handle(request, options);
      const date = Date.parse(response.headers.date ?? '');
      if (!Number.isNaN(date)) {
        options.onDate?.(date);
      }
      const body: IncomingMessage = response.body;
      const bytes = Number(response.headers['content-length'] ?? 0);
      if (options.admit !== undefined && response.statusCode < 300) {
        await admitted(body, options.admit(bytes), options.abortSignal);
      }
      response.body = await this.#read(body, bytes);
      if (response.statusCode >= 300) {
        response.body = options.explain?.(response.statusCode, response.body) ?? response.body;
      } else if (options.take !== undefined) {
        options.take(response.body);
        response.body = NOTHING;
      }
      return { response };
    } catch (error) {
      throw error instanceof AdmissionRefused ? error : new ConnectionFailed(error);
    }
  }

  /** @param expected bytes of the body, 0 when nobody knows. */
  #read(body: IncomingMessage, expected: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const bytes = new ArrivingBody(expected);
      let heardAt = this.#clock.monotonic();
      const check = (): void => {
        const left = heardAt + this.#idleMs - this.#clock.monotonic();
        if (left > 0) {
          timer = this.#clock.setTimer(check, left);
        } else {
          body.destroy();
          reject(named('TimeoutError', `the answer stopped halfway for ${this.#idleMs} ms`));
        }
      };
      let timer = this.#clock.setTimer(check, this.#idleMs);
      body.on('data', (chunk: Buffer) => {
        heardAt = this.#clock.monotonic();
        bytes.add(chunk);
      });
      body.once('end', () => resolve(bytes.whole()));
      body.once('error', reject);
      body.once('close', () => {
        this.#clock.clearTimer(timer);
        reject(
          Object.assign(new Error('the connection closed halfway through the answer'), {
            code: 'ECONNRESET',
          }),
        );
      });
    });
  }
}

function agentsOf(settings: HandlerSettings, connections: Connections, clock: Clock) {
  const { verifyCertificates = true, caFile, proxy, clientOptions = {} } = settings;
  const { keepAlive = true, keepAliveMsecs, maxFreeSockets } = clientOptions;
  const agent = {
    keepAlive,
    ...connections,
    ...(keepAliveMsecs === undefined ? {} : { keepAliveMsecs }),
    ...(maxFreeSockets === undefined ? {} : { maxFreeSockets }),
  };
  if (caFile !== undefined || proxy !== undefined) {
    return dialingAgents({ settings, clock, agent });
  }
  return {
    httpAgent: agent,
    // Where it is not switched off, Node's own switches (NODE_EXTRA_CA_CERTS and so on) hold.
    httpsAgent: verifyCertificates ? agent : { ...agent, rejectUnauthorized: false },
  };
}

/** Leaves the body in its socket until `admission` is granted; a connection that breaks meanwhile is noticed after. */
async function admitted(
  body: IncomingMessage,
  admission: Promise<void>,
  signal: HandlerOptions['abortSignal'],
): Promise<void> {
  let broken: Error | undefined;
  body.on('error', (error) => {
    broken = error;
  });
  try {
    await (signal instanceof AbortSignal ? abortable(admission, signal) : admission);
  } catch (error) {
    body.destroy();
    throw new AdmissionRefused(error);
  }
  if (broken !== undefined) {
    throw broken;
  }
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
