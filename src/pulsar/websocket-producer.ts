import { ConnectorError } from '../errors';
import { deferred } from '../util/deferred';
import { resolvesWithin } from '../util/limited-wait';
import { Ring } from '../util/ring';
import { ReceiptWatch } from './protocol';
import type { OutgoingMessage, Producer } from './transport';
import { letGoOf } from './websocket-fence';
import { producerAnswer, producerFrame } from './websocket-frames';
import { producerPath } from './websocket-paths';
import type { WebSocketProducerParts } from './websocket-producer-parts';
import { frameTooLarge, sendRefusal } from './websocket-refusals';
import { SentMessages } from './websocket-sent';
import type { WebSocketSession } from './websocket-session';

/** Bytes given to a socket and not yet taken by the operating system, from which on nothing more is given. */
const MAX_BUFFERED = 1024 * 1024;

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
  readonly #sent = new SentMessages<M>();
  readonly #quiet = deferred<void>();
  #session: WebSocketSession | undefined;
  #state: State = 'OPEN';
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
    const frame = producerFrame(message, this.#sent.nextContext);
    const bytes = Buffer.byteLength(frame);
    if (bytes > frameLimit.bytes) {
      this.#release(message);
      this.#parts.listener.rejected(message, frameTooLarge(message, bytes, frameLimit.bytes));
      return;
    }
    this.#sent.push(message);
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
    const { result, errorMsg, context } = producerAnswer(text);
    const refusal = result === 'ok' ? undefined : sendRefusal(result, errorMsg);
    if (refusal !== undefined && refusal.code !== 'PULSAR_MESSAGE_TOO_LARGE') {
      this.#fail(refusal);
    } else if (this.#sent.answered(Number(context), refusal ?? 'STORED')) {
      this.#settle();
      this.#pump();
    } else {
      this.#fail(new ConnectorError('PULSAR_UNKNOWN', `an answer to message ${context}, which was not sent`));
    }
  }

  /** Tells of the oldest messages, as far as they are answered. */
  #settle(): void {
    const { listener } = this.#parts;
    while (this.#state === 'OPEN' || this.#state === 'CLOSING') {
      const settled = this.#sent.settle();
      if (settled === undefined) {
        break;
      }
      this.#receiptWatch.progress(this.#sent.length > 0);
      this.#release(settled.message);
      if (settled.outcome === 'STORED') {
        listener.confirmed(settled.message);
      } else {
        listener.rejected(settled.message, settled.outcome);
      }
    }
    if (this.#state === 'CLOSING' && this.#sent.length === 0) {
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
      const { dialer } = this.#parts;
      await letGoOf(this.#path, { clock, dialer }, deadline);
    }
    closed();
  }

  #finish(state: 'CLOSED' | 'FAILED'): void {
    this.#state = state;
    this.#session?.destroy();
    this.#unclean ||= this.#sent.length > 0;
    this.#receiptWatch.stop();
    this.#unwatchBudget();
    this.#forgetQueued();
    this.#quiet.resolve();
    for (const message of this.#sent.clear()) {
      this.#release(message);
    }
  }

  #forgetQueued(): void {
    for (let message = this.#queued.shift(); message !== undefined; message = this.#queued.shift()) {
      this.#release(message);
    }
  }
}
