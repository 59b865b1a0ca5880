import { Ring } from '../../util/ring';
import type { OutgoingMessage } from './message';
import type { PendingBudget } from './pending-budget';
import type { Producer } from './producer';

/** A producer of one partition. */
export type PartitionProducer<M extends OutgoingMessage> = TopicProducer<M> & Pick<Producer<M>, 'toldId'>;

/** A producer of one topic, whether that has partitions or not. */
export type TopicProducer<M extends OutgoingMessage> = Pick<
  Producer<M>,
  'topic' | 'writable' | 'maxMessageSize' | 'send' | 'flush' | 'close'
> & { readonly partitions: number };

/** The way into one partition: messages wait here, within the budget, until its producer has been accepted. */
export class PartitionOutput<M extends OutgoingMessage> {
  readonly #opening: Promise<PartitionProducer<M>>;
  readonly #budget: PendingBudget;
  readonly #held = new Ring<M>();
  #producer: PartitionProducer<M> | undefined;
  #closed = false;

  constructor(opening: Promise<PartitionProducer<M>>, budget: PendingBudget) {
    this.#opening = opening;
    this.#budget = budget;
  }

  /** Resolves when what was held is on its way. @throws ProtocolError the producer was not accepted */
  async opened(): Promise<PartitionProducer<M>> {
    const producer = await this.#opening;
    if (this.#closed || this.#producer !== undefined) {
      return producer;
    }
    // Room that this makes may bring more messages: they queue up behind those held.
    for (let message = this.#held.shift(); message !== undefined; message = this.#held.shift()) {
      producer.send(message);
      this.#budget.release(1, message.value.length);
    }
    this.#producer = producer;
    producer.flush();
    return producer;
  }

  send(message: M): void {
    if (this.#producer !== undefined) {
      this.#producer.send(message);
    } else if (!this.#closed) {
      this.#held.push(message);
      this.#budget.take(message.value.length);
    }
  }

  flush(): void {
    this.#producer?.flush();
  }

  /** See `Producer.close`. A producer that has not been accepted yet has stored nothing, and is closed when it comes. */
  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    if (this.#producer !== undefined) {
      return this.#producer.close(deadlineMs);
    }
    for (let message = this.#held.shift(); message !== undefined; message = this.#held.shift()) {
      this.#budget.release(1, message.value.length);
    }
    this.#opening.then((late) => late.close(deadlineMs)).catch(() => undefined);
  }
}
