import type { AwsSettings } from '../config/types';
import type { Clock } from '../util/clock';
import { AnswerHandler, type AnswerOptions, ConnectionFailed } from './answer-handler';
import { DEFAULT_PORTS, type Dial } from './dial';
import { EventStreamBytes } from './event-stream-bytes';
import { EventStreamReader } from './event-stream-reader';
import type { SubscriptionAnswer } from './subscription';
import { SubscriptionConnections } from './subscription-connections';
import type { ExchangeAnswer, ExchangeRequest } from './subscription-exchange';

/** Longest answer that is an error, bytes. */
const MAX_ERROR_BYTES = 64 * 1024;

export interface SubscribeOptions extends AnswerOptions {
  /** Takes the answer of a SubscribeToShard that succeeded; the SDK is given a stream without events. */
  readonly takeEvents?: (answer: SubscriptionAnswer) => void;
}

type Request = Parameters<AnswerHandler['handle']>[0];

/**
 * The SDK's handler reads ahead of whoever reads the events, and has no say in how connections are shared: the answers
 * of SubscribeToShard come over connections of our own. All other calls go the usual way.
 */
export class FanOutHandler extends AnswerHandler {
  readonly #connections: SubscriptionConnections;
  readonly #clock: Clock;
  readonly #settings: AwsSettings;

  constructor(settings: AwsSettings, clock: Clock, dial: Dial) {
    super(settings, { maxSockets: settings.maxSockets }, clock);
    this.#settings = settings;
    this.#connections = new SubscriptionConnections(settings, clock, dial);
    this.#clock = clock;
  }

  override async handle(
    request: Request,
    options: SubscribeOptions = {},
  ): ReturnType<AnswerHandler['handle']> {
    const { takeEvents, abortSignal } = options;
    if (takeEvents === undefined) {
      return super.handle(request, options);
    }
    const signal = abortSignal instanceof AbortSignal ? abortSignal : undefined;
    try {
      const answer = await this.#connections.open(exchangeRequest(request), signal);
      const { statusCode, headers } = answer;
      if (statusCode >= 300) {
        return { response: { statusCode, headers, body: await this.#failure(answer, signal) } };
      }
      const date = Date.parse(headers.date ?? '');
      takeEvents({
        frames: new EventStreamReader(this.#bytes(answer, this.#settings.subscriptions.idleTimeout)),
        serviceTime: Number.isNaN(date) ? undefined : date,
        close: answer.close,
      });
      return { response: { statusCode, headers, body: NO_EVENTS } };
    } catch (error) {
      throw new ConnectionFailed(error);
    }
  }

  override destroy(): void {
    super.destroy();
    this.#connections.close();
  }

  /** The body of an answer that is an error. */
  async #failure(answer: ExchangeAnswer, signal = new AbortController().signal): Promise<Buffer> {
    try {
      const body = Buffer.alloc(MAX_ERROR_BYTES);
      const length = await this.#bytes(answer, this.#settings.requestTimeout).fill(body, signal);
      return body.subarray(0, length);
    } finally {
      answer.close();
    }
  }

  #bytes({ body }: ExchangeAnswer, idleMs: number): EventStreamBytes {
    return new EventStreamBytes(body, this.#clock, idleMs);
  }
}

const NO_EVENTS = { async *[Symbol.asyncIterator]() {} };

function exchangeRequest({
  protocol,
  hostname,
  port,
  method,
  path,
  headers,
  body,
}: Request): ExchangeRequest {
  const scheme = protocol === 'http:' ? protocol : 'https:';
  return {
    origin: {
      protocol: scheme,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port: port ?? DEFAULT_PORTS[scheme],
    },
    method,
    path,
    headers,
    // A Buffer of it would ask the SDK's body for its text, of which it warns.
    body: body instanceof Uint8Array ? body : Buffer.from(String(body ?? '')),
  };
}
