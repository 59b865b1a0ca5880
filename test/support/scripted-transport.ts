import type { ConnectorError } from '../../src/errors';
import type { Schema } from '../../src/io';
import type {
  OutgoingMessage,
  Producer,
  ProducerListener,
  ProducerOptions,
  ProducerTransport,
} from '../../src/pulsar/transport';
import { type Deferred, deferred } from '../../src/util/deferred';

/** One producer whose every answer the test gives itself. */
export class ScriptedProducer<M extends OutgoingMessage> implements Producer<M> {
  readonly topic: string;
  readonly partitions = 0;
  readonly sent: M[] = [];
  readonly listener: ProducerListener<M>;
  readonly mayStillSend: () => boolean;
  readonly schema: Schema | undefined;
  readonly chunked: boolean | undefined;
  writable = true;
  flushes = 0;
  closing: Deferred<void> | undefined;
  /** What each call of `close` was given. */
  readonly closeDeadlines: number[] = [];
  /** When false, `close` waits until the test resolves `closing`. */
  closesAtOnce = true;

  constructor(options: ProducerOptions<M>) {
    this.topic = options.topic;
    this.listener = options.listener;
    this.schema = options.schema;
    this.chunked = options.chunked;
    this.mayStillSend = options.mayStillSend ?? (() => true);
  }

  send(message: M): void {
    this.sent.push(message);
  }

  flush(): void {
    this.flushes++;
  }

  close(deadlineMs: number): Promise<void> {
    this.closeDeadlines.push(deadlineMs);
    this.closing ??= deferred();
    if (this.closesAtOnce) {
      this.closing.resolve();
    }
    return this.closing.promise;
  }

  /** The broker stored the messages at these places of `sent`. */
  confirm(...places: number[]): void {
    for (const place of places) {
      this.listener.confirmed(this.sent[place] as M);
    }
  }
}

/** A transport that only remembers what it was asked for. */
export class ScriptedTransport implements ProducerTransport {
  readonly maxMessageBytes = undefined;
  chunks = true;
  sequences = true;
  readonly producers: ScriptedProducer<OutgoingMessage>[] = [];
  /** Errors that the next calls of `createProducer` throw. */
  readonly refusals: ConnectorError[] = [];
  #created = deferred<void>();

  createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) {
      return Promise.reject(refusal);
    }
    const producer = new ScriptedProducer<M>(options);
    this.producers.push(producer as unknown as ScriptedProducer<OutgoingMessage>);
    this.#created.resolve();
    return Promise.resolve(producer);
  }

  /** The `n`th producer (0 = first), once it was asked for. */
  async producer(n: number): Promise<ScriptedProducer<OutgoingMessage>> {
    while (this.producers.length <= n) {
      this.#created = deferred();
      await this.#created.promise;
    }
    // The one who asked goes on first.
    await new Promise((resolve) => setImmediate(resolve));
    return this.producers[n] as ScriptedProducer<OutgoingMessage>;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
