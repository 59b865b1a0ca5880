import type { ProducerSettings } from '../config/types';
import { ConnectorError } from '../errors';
import type { Clock } from '../util/clock';
import { deferred } from '../util/deferred';
import { resolvesWithin } from '../util/limited-wait';
import { Ring } from '../util/ring';
import { type PendingBudget, ReceiptWatch } from './protocol';
import type { OutgoingMessage, Producer, ProducerOptions } from './transport';
import type { WebSocketDialer } from './websocket-dialer';
import { type ProducerAnswer, producerFrame } from './websocket-frames';
import { producerPath } from './websocket-paths';
import { sendRefusal } from './websocket-refusals';
import type { WebSocketSession } from './websocket-session';

/** Bytes given to a socket and not yet taken by the operating system, from which on nothing more is given. */
const MAX_BUFFERED = 1024 * 1024;

/** Largest frame that the service takes, bytes: what was configured, until it shows that it takes less. */
export interface FrameLimit {
  bytes: number;
}

export interface WebSocketProducerParts<M extends OutgoingMessage> extends ProducerOptions<M> {
  /** Full name. */
  readonly topic: string;
  readonly producerName: string;
  readonly settings: ProducerSettings;
  readonly dialer: WebSocketDialer;
  readonly clock: Clock;
  readonly budget: PendingBudget;
  readonly frameLimit: FrameLimit;
  readonly closed: () => void;
}

/** A message on its way; settled in send order, whatever the order of the answers. */
interface Sent<M> {
  readonly message: M;
  answer: 'NONE' | 'STORED' | ConnectorError;
}

/** CLOSING: nothing more is sent, what the service has may still be answered. */
type State = 'OPEN' | 'CLOSING' | 'CLOSED' | 'FAILED';

/**
 * A producer of the service, which is one socket. Messages are pipelined; it is the service's own client that batches
 * them. After any failure the socket is closed before anybody hears of it: what is behind a lost message must not be
 * stored in front of it.
 */
export class WebSocketProducer<M extends OutgoingMessage> implements Producer<M> {
  /** The service spreads the messages over the partitions there are. */
  readonly partitions = 0;
  readonly #parts: WebSocketProducerParts<M>;
  readonly #receiptWatch: ReceiptWatch;
  readonly #unwatchBudget: () => void;
  /** Not yet sent. */
  readonly #queued = new Ring<M>();
  /** Sent and not settled, oldest first; their contexts run up. */
  readonly #sent = new Ring<Sent<M>>();
  readonly #quiet = deferred<void>();
  #session: WebSocketSession | undefined;
  #state: State = 'OPEN';
  /** Context of the oldest in `#sent`, or of the next that is sent. */
  #firstContext = 1;
  #scheduled = false;
  #congested = false;
  /** Whether the socket went while messages were unanswered: the service may have them and not stored them yet. */
  #unclean = false;
  #closing: Promise<void> | undefined;

  private constructor(parts: WebSocketProducerParts<M>) {
    const { clock, settings } = parts;
    this.#parts = parts;
    this.#receiptWatch = new ReceiptWatch(clock, settings.sendTimeout, () =>
      this.#fail(new ConnectorError('PULSAR_SEND_TIMEOUT', `no receipt for ${settings.sendTimeout} ms`)),
    );
    this.#unwatchBudget = parts.budget.watch(() => parts.listener.drained());
  }

  /** @param deadline monotonic instant. @throws ConnectorError */
  static async open<M extends OutgoingMessage>(
    parts: WebSocketProducerParts<M>,
    deadline: number,
    signal: AbortSignal,
  ): Promise<WebSocketProducer<M>> {
    const producer = new WebSocketProducer(parts);
    try {
      producer.#session = await parts.dialer.dial(
        {
          kind: 'producer',
          path: producer.#path,
          listener: {
            message: (text) => producer.#answered(text),
            ended: (error, refusedAbove) => producer.#lost(error, refusedAbove),
          },
        },
        deadline,
        signal,
      );
    } catch (error) {
      producer.#finish('CLOSED');
      throw error;
    }
    return producer;
  }

  get topic(): string {
    return this.#parts.topic;
  }

  get writable(): boolean {
    return !this.#parts.budget.full;
  }

  send(message: M): void {
    if (this.#state === 'OPEN') {
      this.#parts.budget.take(message.value.length);
      this.#queued.push(message);
      this.#schedule();
    }
  }

  /** What lingers does so at the service, which cannot be told. */
  flush(): void {
    this.#schedule();
  }

  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  get #path(): string {
    const { topic, producerName, settings } = this.#parts;
    return producerPath(topic, producerName, settings);
  }

  #schedule(): void {
    if (!this.#scheduled) {
      this.#scheduled = true;
      queueMicrotask(() => {
        this.#scheduled = false;
        this.#pump();
      });
    }
  }

  #pump(): void {
    const { settings, mayStillSend } = this.#parts;
    const window = settings.maxPendingMessages;
    while (this.#state === 'OPEN' && this.#queued.length > 0) {
      if (this.#congested || this.#sent.length >= window) {
        return;
      }
      if (mayStillSend?.() === false) {
        this.#fail(new ConnectorError('PULSAR_SEND_REVOKED', 'the sender may not send any more'));
        return;
      }
      this.#write(this.#queued.shift() as M);
    }
  }

  #write(message: M): void {
    const { frameLimit } = this.#parts;
    const frame = producerFrame(message, this.#firstContext + this.#sent.length);
    const bytes = Buffer.byteLength(frame);
    if (bytes > frameLimit.bytes) {
      this.#release(message);
      this.#parts.listener.rejected(message, tooLarge(message, bytes, frameLimit.bytes));
      return;
    }
    this.#sent.push({ message, answer: 'NONE' });
    if (this.#sent.length === 1) {
      this.#receiptWatch.progress(true);
    }
    const session = this.#session as WebSocketSession;
    session.send(frame, () => {
      if (this.#congested && session.bufferedBytes < MAX_BUFFERED) {
        this.#congested = false;
        this.#pump();
      }
    });
    this.#congested = session.bufferedBytes >= MAX_BUFFERED;
  }

  #answered(text: string): void {
    if (this.#state !== 'OPEN' && this.#state !== 'CLOSING') {
      return;
    }
    const { result, errorMsg, context } = parsed(text);
    const place = Number(context) - this.#firstContext;
    const sent = place >= 0 ? this.#sent.at(place) : undefined;
    const refusal = result === 'ok' ? undefined : sendRefusal(result, errorMsg);
    if (sent === undefined) {
      const answer = refusal?.message ?? `message ${context}`;
      this.#fail(new ConnectorError('PULSAR_UNKNOWN', `an answer to what was not sent: ${answer}`));
    } else if (refusal !== undefined && refusal.code !== 'PULSAR_MESSAGE_TOO_LARGE') {
      this.#fail(refusal);
    } else {
      sent.answer = refusal ?? 'STORED';
      this.#settle();
      this.#pump();
    }
  }

  /** Tells of the oldest messages, as far as they are answered. */
  #settle(): void {
    for (let oldest = this.#sent.peek(); oldest !== undefined; oldest = this.#sent.peek()) {
      const { message, answer } = oldest;
      if (answer === 'NONE' || (this.#state !== 'OPEN' && this.#state !== 'CLOSING')) {
        return;
      }
      this.#sent.shift();
      this.#firstContext++;
      this.#receiptWatch.progress(this.#sent.length > 0);
      this.#release(message);
      if (answer === 'STORED') {
        this.#parts.listener.confirmed(message);
      } else {
        this.#parts.listener.rejected(message, answer);
      }
    }
    if (this.#state === 'CLOSING') {
      this.#quiet.resolve();
    }
  }

  #lost(error: ConnectorError, refusedAbove: number | undefined): void {
    if (refusedAbove !== undefined && refusedAbove < this.#parts.frameLimit.bytes) {
      // From now on such a message is rejected alone. This producer only starts anew.
      this.#parts.frameLimit.bytes = refusedAbove;
      this.#fail(new ConnectorError('PULSAR_SEND_FAILED', error.message, { cause: error }));
    } else {
      this.#fail(error);
    }
  }

  #release(message: M): void {
    this.#parts.budget.release(1, message.value.length);
  }

  #fail(error: ConnectorError): void {
    if (this.#state === 'OPEN') {
      this.#finish('FAILED');
      this.#parts.listener.failed(error);
    } else if (this.#state === 'CLOSING') {
      this.#finish('CLOSED');
    }
  }

  async #close(deadlineMs: number): Promise<void> {
    const { clock, closed } = this.#parts;
    const deadline = clock.monotonic() + deadlineMs;
    if (this.#state === 'OPEN') {
      this.#state = 'CLOSING';
      this.#unwatchBudget();
      this.#forgetQueued();
      if (this.#sent.length > 0) {
        await resolvesWithin(clock, deadlineMs / 2, this.#quiet.promise);
      }
      if (this.#sent.length === 0) {
        await this.#session?.close(Math.max(0, deadline - clock.monotonic()));
      }
      this.#finish('CLOSED');
    }
    if (this.#unclean) {
      await this.#fence(deadline);
    }
    closed();
  }

  /**
   * The service goes on with what it has read when its socket is gone. A second producer of the same name is refused
   * until the broker has let go of the first, behind everything that came through it: once there is one, nothing more
   * of this one can be stored.
   */
  async #fence(deadline: number): Promise<void> {
    const { clock, dialer } = this.#parts;
    const late = new AbortController();
    const timer = clock.setTimer(() => late.abort(), Math.max(0, deadline - clock.monotonic()));
    const listener = { message: () => undefined, ended: () => undefined };
    const endpoint = { kind: 'producer', path: this.#path, listener } as const;
    try {
      const session = await dialer.dial(endpoint, deadline, late.signal);
      await session.close(Math.max(0, deadline - clock.monotonic()));
    } catch {
      // Destroyed at the deadline: nothing else can be done about it.
    } finally {
      clock.clearTimer(timer);
    }
  }

  #finish(state: 'CLOSED' | 'FAILED'): void {
    this.#state = state;
    this.#session?.destroy();
    this.#unclean ||= this.#sent.length > 0;
    this.#receiptWatch.stop();
    this.#unwatchBudget();
    this.#forgetQueued();
    this.#quiet.resolve();
    for (let sent = this.#sent.shift(); sent !== undefined; sent = this.#sent.shift()) {
      this.#release(sent.message);
    }
  }

  #forgetQueued(): void {
    for (let message = this.#queued.shift(); message !== undefined; message = this.#queued.shift()) {
      this.#release(message);
    }
  }
}

function parsed(text: string): ProducerAnswer {
  try {
    return JSON.parse(text) as ProducerAnswer;
  } catch {
    return { result: 'unreadable', errorMsg: text.slice(0, 100) };
  }
}

function tooLarge(message: OutgoingMessage, bytes: number, limit: number): ConnectorError {
  const found = `${message.value.length} bytes, ${bytes} with key and properties in base64 and JSON`;
  return new ConnectorError('PULSAR_MESSAGE_TOO_LARGE', `a message takes a frame of ${bytes} bytes`, {
    expected: `a frame of at most ${limit} bytes`,
    found,
    hint: 'Raise webSocketMaxTextFrameSize of the service and pulsar.webSocketMaxFrameBytes here, use a serviceUrl that starts with pulsar://, or set deadLetterTopic or onError.',
  });
}
