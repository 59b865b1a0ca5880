import type { Writable } from 'node:stream';
import type { ProducerSettings } from '../config/types';
import { ConnectorError } from '../errors';
import type { Clock } from '../util/clock';
import { PendingBudget } from './protocol';
import { StdoutProducer } from './stdout-producer';
import type {
  Consumer,
  ConsumerOptions,
  OutgoingMessage,
  Producer,
  ProducerOptions,
  Transport,
} from './transport';

/** `stdout:`: one line of JSON a message, confirmed when the stream has taken it. */
export class StdoutTransport implements Transport {
  readonly maxMessageBytes = undefined;
  readonly chunks = true;
  readonly sequences = false;
  readonly #stream: Writable;
  readonly #clock: Clock;
  readonly #budget: PendingBudget;
  readonly #producers = new Set<Pick<StdoutProducer<OutgoingMessage>, 'close' | 'fail'>>();
  #ended: ConnectorError | undefined;

  constructor(stream: Writable, settings: ProducerSettings, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    this.#budget = new PendingBudget({
      messages: settings.maxPendingMessages,
      bytes: settings.maxPendingBytes,
    });
    stream.on('error', this.#broken);
  }

  async createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    if (this.#ended !== undefined) {
      throw this.#ended;
    }
    const producer: StdoutProducer<M> = new StdoutProducer<M>({
      ...options,
      stream: this.#stream,
      clock: this.#clock,
      budget: this.#budget,
      closed: () => this.#producers.delete(producer),
    });
    this.#producers.add(producer);
    return producer;
  }

  async subscribe(options: ConsumerOptions): Promise<Consumer> {
    throw new ConnectorError(
      'NOT_AVAILABLE_YET',
      `topic ${options.topic}: stdout: is written to, never read`,
      {
        expected: 'pulsar:// or memory://',
        found: 'stdout:',
        hint: 'A sink reads from Pulsar: set pulsar.serviceUrl to pulsar://…, or to memory:// for a trial in one process.',
      },
    );
  }

  /** Leaves the stream itself open: it is not ours. */
  async close(deadlineMs: number): Promise<void> {
    this.#ended ??= new ConnectorError('PULSAR_CLOSED', 'the transport was closed');
    await Promise.all([...this.#producers].map((producer) => producer.close(deadlineMs)));
    this.#stream.removeListener('error', this.#broken);
  }

  readonly #broken = (cause: Error): void => {
    const error = new ConnectorError('OUTPUT_CLOSED', 'standard output cannot be written to', { cause });
    this.#ended = error;
    for (const producer of [...this.#producers]) {
      producer.fail(error);
    }
  };
}
