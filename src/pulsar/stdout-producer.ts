import type { Writable } from 'node:stream';
import { ConnectorError } from '../errors';
import type { Clock } from '../util/clock';
import { deferred } from '../util/deferred';
import { Ring } from '../util/ring';
import type { PendingBudget } from './protocol';
import type { OutgoingMessage, Producer, ProducerOptions } from './transport';

export interface StdoutProducerParts<M extends OutgoingMessage> extends ProducerOptions<M> {
  readonly stream: Writable;
  readonly clock: Clock;
  readonly budget: PendingBudget;
  readonly closed: () => void;
}

/** Characters of one write. */
const CHUNK = 64 * 1024;

type State = 'OPEN' | 'CLOSING' | 'CLOSED' | 'FAILED';

/** Writes chunk after chunk of lines; the next one when the stream has taken the one before. */
export class StdoutProducer<M extends OutgoingMessage> implements Producer<M> {
  readonly topic: string;
  readonly partitions = 0;
  readonly #parts: StdoutProducerParts<M>;
  readonly #unwatchBudget: () => void;
  /** Unconfirmed, oldest first; the first #writing of them are with the stream. */
  readonly #messages = new Ring<M>();
  readonly #written = deferred<void>();
  #bytes = 0;
  #writing = 0;
  #scheduled = false;
  #state: State = 'OPEN';

  constructor(parts: StdoutProducerParts<M>) {
    this.topic = parts.topic;
    this.#parts = parts;
    this.#unwatchBudget = parts.budget.watch(() => parts.listener.drained());
  }

  get writable(): boolean {
    return !this.#parts.budget.full;
  }

  send(message: M): void {
    if (this.#state !== 'OPEN') {
      return;
    }
    this.#messages.push(message);
    this.#bytes += message.value.length;
    this.#parts.budget.take(message.value.length);
    this.flush();
  }

  flush(): void {
    if (!this.#scheduled && this.#writing === 0) {
      this.#scheduled = true;
      queueMicrotask(() => {
        this.#scheduled = false;
        this.#write();
      });
    }
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#state === 'OPEN') {
      this.#state = 'CLOSING';
      const timer = this.#parts.clock.setTimer(() => this.#written.resolve(), deadlineMs);
      if (this.#writing > 0) {
        await this.#written.promise;
      }
      this.#parts.clock.clearTimer(timer);
      this.#finish('CLOSED');
    }
    this.#parts.closed();
  }

  fail(error: ConnectorError): void {
    if (this.#state === 'OPEN' || this.#state === 'CLOSING') {
      this.#finish('FAILED');
      this.#parts.listener.failed(error);
    }
  }

  #write(): void {
    if (this.#state !== 'OPEN' || this.#messages.length === 0 || this.#writing > 0) {
      return;
    }
    if (this.#parts.mayStillSend?.() === false) {
      this.fail(new ConnectorError('PULSAR_SEND_REVOKED', 'the sender may not send any more'));
      return;
    }
    let lines = '';
    let count = 0;
    while (count < this.#messages.length && lines.length < CHUNK) {
      lines += line(this.topic, this.#messages.at(count) as M);
      count++;
    }
    this.#writing = count;
    this.#parts.stream.write(lines, (error) => this.#taken(error ?? undefined));
  }

  #taken(error: Error | undefined): void {
    const count = this.#writing;
    this.#writing = 0;
    this.#written.resolve();
    // An error reaches every producer through the stream's own event.
    if (error === undefined) {
      for (let i = 0; i < count && (this.#state === 'OPEN' || this.#state === 'CLOSING'); i++) {
        const message = this.#messages.shift() as M;
        this.#bytes -= message.value.length;
        this.#parts.budget.release(1, message.value.length);
        this.#parts.listener.confirmed(message);
      }
      this.#write();
    }
  }

  #finish(state: 'CLOSED' | 'FAILED'): void {
    this.#state = state;
    this.#unwatchBudget();
    this.#parts.budget.release(this.#messages.length, this.#bytes);
    this.#messages.clear();
    this.#bytes = 0;
    this.#written.resolve();
  }
}

function line(topic: string, { key, eventTime, properties, value }: OutgoingMessage): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64');
  const message = { topic, key: key ?? null, eventTime: eventTime ?? null, properties, value: bytes };
  return `${JSON.stringify(message)}\n`;
}
