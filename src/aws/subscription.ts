import { ConnectorError } from '../errors';
import { abortable, follow } from '../util/abort';
import { AdmissionRefused } from './answer-handler';
import { type CallContext, classify } from './classify';
import type { EventStreamReader, FrameHead } from './event-stream-reader';
import type { ShardSubscription, SubscriptionEvent } from './fan-out-api';
import type { GetRecordsOptions } from './kinesis-api';
import { decodeRecords } from './records-json';
import { present } from './stream-calls';

/** The answer of a SubscribeToShard that goes on. */
export interface SubscriptionAnswer {
  readonly frames: EventStreamReader;
  readonly serviceTime: number | undefined;
  /** Resets the stream, or cuts the connection that nobody else uses. */
  close(): void;
}

/** Events of one SubscribeToShard. Whatever ends a call of `next` other than an event ends the subscription. */
export class EventStreamSubscription implements ShardSubscription {
  readonly serviceTime: number | undefined;
  readonly #answer: SubscriptionAnswer;
  readonly #context: CallContext;
  /** Aborted at the end, with the reason that calls of `next` throw from then on. */
  readonly #end = new AbortController();
  #complete = false;

  constructor(answer: SubscriptionAnswer, context: CallContext) {
    this.serviceTime = answer.serviceTime;
    this.#answer = answer;
    this.#context = context;
  }

  async next({ signal, admit }: GetRecordsOptions): Promise<SubscriptionEvent | undefined> {
    if (this.#complete) {
      return undefined;
    }
    const unfollow = signal === undefined ? undefined : follow(signal, this.#end);
    try {
      const event = await this.#next(admit);
      if (event === undefined) {
        this.#complete = true;
        this.#answer.close();
      }
      return event;
    } catch (error) {
      const known = classify(error, this.#context, this.#end.signal);
      this.#close(known);
      throw known;
    } finally {
      unfollow?.();
    }
  }

  close(): void {
    this.#close(
      new ConnectorError('AWS_UNAVAILABLE', `the subscription to ${this.#context.resource} was closed`),
    );
  }

  #close(reason: unknown): void {
    this.#end.abort(reason);
    this.#answer.close();
  }

  async #next(admit: GetRecordsOptions['admit']): Promise<SubscriptionEvent | undefined> {
    const { signal } = this.#end;
    for (;;) {
      const head = await this.#answer.frames.head(signal);
      if (head === undefined) {
        return undefined;
      }
      const isEvent = isRecords(head);
      if (isEvent && admit !== undefined) {
        await admitted(admit(head.bytes), signal);
      }
      const payload = await head.payload(signal);
      if (isEvent) {
        return eventOf(payload);
      }
      throwException(head, payload);
    }
  }
}

const isRecords = ({ headers }: FrameHead): boolean =>
  headers.get(':message-type') === 'event' && headers.get(':event-type') === 'SubscribeToShardEvent';

async function admitted(admission: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await abortable(admission, signal);
  } catch (error) {
    throw new AdmissionRefused(error);
  }
}

function eventOf(payload: Buffer): SubscriptionEvent {
  const { records, continuation, millisBehindLatest, childShards } = decodeRecords(payload);
  return {
    records,
    continuation,
    millisBehindLatest: present(millisBehindLatest, 'MillisBehindLatest'),
    childShards,
  };
}

/**
 * Throws what ends a stream, named and worded as in an answer that is an error. Other frames are passed over: the
 * initial response, and events that came after this was written.
 */
function throwException({ headers }: FrameHead, payload: Buffer): void {
  switch (headers.get(':message-type')) {
    case 'exception':
      throw serviceError(headers.get(':exception-type'), messageOfException(payload));
    case 'error':
      throw serviceError(headers.get(':error-code'), headers.get(':error-message'));
  }
}

function serviceError(name = 'Unnamed', message = ''): Error {
  return Object.assign(new Error(message), { name });
}

function messageOfException(payload: Buffer): string {
  const text = payload.toString();
  try {
    const body = JSON.parse(text) as { readonly message?: unknown; readonly Message?: unknown };
    return String(body.message ?? body.Message ?? '');
  } catch {
    return text;
  }
}
