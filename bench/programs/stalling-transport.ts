import type {
  OutgoingMessage,
  Producer,
  ProducerOptions,
  ProducerTransport,
} from '../../src/pulsar/transport';

/** A transport that confirms so many messages of each producer and none of those that follow. */
export class StallingTransport implements ProducerTransport {
  readonly #inner: ProducerTransport;
  readonly #perProducer: number;
  #stalled = 0;

  constructor(inner: ProducerTransport, perProducer: number) {
    this.#inner = inner;
    this.#perProducer = perProducer;
  }

  /** Producers that have something unconfirmed for ever. */
  get stalled(): number {
    return this.#stalled;
  }

  get chunks(): boolean {
    return this.#inner.chunks;
  }

  get sequences(): boolean {
    return this.#inner.sequences;
  }

  get maxMessageBytes(): number | undefined {
    return this.#inner.maxMessageBytes;
  }

  createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    const { listener } = options;
    let confirmed = 0;
    return this.#inner.createProducer({
      ...options,
      listener: {
        confirmed: (message) => {
          if (confirmed < this.#perProducer) {
            listener.confirmed(message);
          } else if (confirmed === this.#perProducer) {
            this.#stalled++;
          }
          confirmed++;
        },
        rejected: (message, error) => listener.rejected(message, error),
        failed: (error) => listener.failed(error),
        drained: () => listener.drained(),
      },
    });
  }

  close(deadlineMs: number): Promise<void> {
    return this.#inner.close(deadlineMs);
  }
}
