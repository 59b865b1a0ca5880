import { ConnectorError } from '../errors';
import type { Clock, TimerHandle } from '../util/clock';
import { deferred } from '../util/deferred';
import { Ring } from '../util/ring';
import type { MemoryBroker } from './memory-broker';
import { type PendingBudget, ReceiptWatch } from './protocol';
import type { OutgoingMessage, Producer, ProducerOptions } from './transport';

export interface MemoryProducerParts<M extends OutgoingMessage> extends ProducerOptions<M> {
  readonly broker: MemoryBroker;
  readonly budget: PendingBudget;
  readonly clock: Clock;
  /** Milliseconds without a receipt until the producer fails; 0 = never. */
  readonly sendTimeout: number;
  readonly closed: () => void;
}

type State = 'OPEN' | 'CLOSING' | 'CLOSED' | 'FAILED' | 'CRASHED';

/** Every message is on its way for a while, arrives, is stored and confirmed; in order. */
export class MemoryProducer<M extends OutgoingMessage> implements Producer<M> {
  readonly topic: string;
  readonly partitions = 0;
  readonly #parts: MemoryProducerParts<M>;
  readonly #name: string;
  readonly #receiptWatch: ReceiptWatch;
  readonly #backlog: PendingBudget;
  readonly #unwatch: readonly (() => void)[];
  /** Not yet sent. */
  readonly #queued = new Ring<M>();
  /** Sent, with the monotonic instant of arrival. */
  readonly #travelling = new Ring<{ readonly message: M; readonly arrival: number }>();
  readonly #drained = deferred<void>();
  #state: State = 'OPEN';
  #scheduled = false;
  #timer: TimerHandle | undefined;
  #unconfirmed = 0;
  #unconfirmedBytes = 0;
  /** Receipts that never come; what is behind one is not confirmed either. */
  #lost = false;

  /** @throws ConnectorError */
  constructor(parts: MemoryProducerParts<M>) {
    const { topic, name } = parts.broker.register(
      parts.topic,
      parts.sequencing?.producerName ?? parts.producerName,
    );
    this.topic = topic;
    this.#name = name;
    this.#parts = parts;
    this.#receiptWatch = new ReceiptWatch(parts.clock, parts.sendTimeout, () =>
      this.#fail(new ConnectorError('PULSAR_SEND_TIMEOUT', `no receipt for ${parts.sendTimeout} ms`)),
    );
    this.#backlog = parts.broker.backlogOf(topic);
    this.#unwatch = [parts.budget, this.#backlog].map((held) => held.watch(() => parts.listener.drained()));
  }

  get writable(): boolean {
    return !this.#parts.budget.full && !this.#backlog.full;
  }

  send(message: M): void {
    if (this.#state !== 'OPEN') {
      return;
    }
    if (this.#unconfirmed === 0) {
      this.#receiptWatch.progress(true);
    }
    this.#unconfirmed++;
    this.#unconfirmedBytes += message.value.length;
    this.#parts.budget.take(message.value.length);
    this.#queued.push(message);
    this.flush();
  }

  flush(): void {
    if (!this.#scheduled) {
      this.#scheduled = true;
      queueMicrotask(this.#depart);
    }
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#state === 'OPEN') {
      this.#state = 'CLOSING';
      this.#queued.clear();
      const timer = this.#parts.clock.setTimer(() => this.#drained.resolve(), deadlineMs);
      if (this.#travelling.length > 0) {
        await this.#drained.promise;
      }
      this.#parts.clock.clearTimer(timer);
      if (this.#state === 'CLOSING') {
        this.#finish('CLOSED');
      }
    }
    this.#parts.closed();
  }

  /** Ends like its process. The budget is not given back: it has died as well, and nobody may hear of it. */
  crash(): void {
    this.#halt('CRASHED');
  }

  readonly #depart = (): void => {
    this.#scheduled = false;
    const { broker, clock, mayStillSend } = this.#parts;
    while (this.#state === 'OPEN' && this.#queued.length > 0) {
      if (mayStillSend?.() === false) {
        this.#fail(new ConnectorError('PULSAR_SEND_REVOKED', 'the sender may not send any more'));
        return;
      }
      const message = this.#queued.shift() as M;
      const delay = broker.delay(clock.monotonic());
      if (delay === 0 && this.#travelling.length === 0) {
        this.#arrive(message);
      } else {
        this.#travelling.push({ message, arrival: clock.monotonic() + delay });
      }
    }
    this.#awaitArrival();
  };

  #awaitArrival(): void {
    const next = this.#travelling.peek();
    if (next !== undefined && this.#timer === undefined) {
      const wait = Math.max(0, next.arrival - this.#parts.clock.monotonic());
      this.#timer = this.#parts.clock.setTimer(this.#arrivals, wait);
    }
  }

  readonly #arrivals = (): void => {
    this.#timer = undefined;
    const now = this.#parts.clock.monotonic();
    for (;;) {
      const next = this.#travelling.peek();
      if (next === undefined || next.arrival > now) {
        break;
      }
      this.#travelling.shift();
      this.#arrive(next.message);
    }
    if (this.#travelling.length === 0) {
      this.#drained.resolve();
    }
    this.#awaitArrival();
  };

  #arrive(message: M): void {
    const { broker, listener, schema, chunked } = this.#parts;
    const { behaviour } = broker;
    if (behaviour.failNext > 0) {
      behaviour.failNext--;
      this.#fail(new ConnectorError('PULSAR_SEND_FAILED', `topic ${this.topic}: a send failed`));
      return;
    }
    const refusal =
      message.value.length > behaviour.maxMessageBytes && chunked !== true
        ? tooLarge(message, behaviour.maxMessageBytes)
        : behaviour.refuseMessage(message);
    if (refusal !== undefined) {
      this.#settle(message);
      listener.rejected(message, refusal);
      return;
    }
    const { sequencing } = this.#parts;
    const duplicate =
      sequencing !== undefined && !broker.takesId(this.topic, this.#name, message.recordSequence ?? -1);
    if (!duplicate) {
      broker.store(this.topic, message, this.#parts.clock.now(), schema);
    }
    if (behaviour.loseReceipts > 0) {
      behaviour.loseReceipts--;
      this.#lost = true;
    }
    if (!this.#lost) {
      this.#settle(message);
      listener.confirmed(message, duplicate);
    }
  }

  #settle(message: M): void {
    this.#unconfirmed--;
    this.#unconfirmedBytes -= message.value.length;
    this.#parts.budget.release(1, message.value.length);
    this.#receiptWatch.progress(this.#unconfirmed > 0);
  }

  #fail(error: ConnectorError): void {
    if (this.#state === 'OPEN' || this.#state === 'CLOSING') {
      this.#finish('FAILED');
      this.#parts.listener.failed(error);
    }
  }

  #finish(state: 'CLOSED' | 'FAILED'): void {
    this.#halt(state);
    this.#drained.resolve();
    this.#parts.budget.release(this.#unconfirmed, this.#unconfirmedBytes);
    this.#unconfirmed = 0;
    this.#unconfirmedBytes = 0;
  }

  #halt(state: 'CLOSED' | 'FAILED' | 'CRASHED'): void {
    this.#state = state;
    this.#queued.clear();
    this.#travelling.clear();
    this.#receiptWatch.stop();
    if (this.#timer !== undefined) {
      this.#parts.clock.clearTimer(this.#timer);
    }
    for (const unwatch of this.#unwatch) {
      unwatch();
    }
    this.#parts.broker.unregister(this.topic, this.#name);
  }
}

function tooLarge(message: OutgoingMessage, limit: number): ConnectorError {
  const found = `${message.value.length} bytes`;
  return new ConnectorError('PULSAR_MESSAGE_TOO_LARGE', `a message has ${found}`, {
    expected: `at most ${limit} bytes`,
    found,
  });
}
