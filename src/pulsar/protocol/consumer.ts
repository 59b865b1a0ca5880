import { type Deferred, deferred } from '../../util/deferred';
import { Ring } from '../../util/ring';
import type { Commands, MessageIdData } from './command';
import type { Connection } from './connection';
import type { ConsumerEndpoint } from './endpoint';
import { type IncomingMessage, readMessages } from './incoming-message';
import { asProtocolError, ProtocolError } from './protocol-error';
import type { TopicLookup } from './topic-lookup';

export interface ConsumerOptions {
  readonly topic: string;
  readonly subscription: string;
  /** Where a new subscription begins. */
  readonly initialPosition: 'earliest' | 'latest';
  /** Messages the broker may send ahead of `receive`. */
  readonly receiverQueueSize: number;
}

const [INDIVIDUAL, CUMULATIVE] = [0, 1];

/**
 * An exclusive consumer of one topic. It does not come back after its connection: `receive` then rejects, and
 * what was not acknowledged comes again on the next subscribe.
 */
export class Consumer implements ConsumerEndpoint {
  readonly #connection: Connection;
  readonly #consumerId: number;
  readonly #flowStep: number;
  readonly #received = new Ring<IncomingMessage>();
  readonly #waiting = new Ring<Deferred<IncomingMessage>>();
  /** Messages of a batch that are not acknowledged yet, by entry. */
  readonly #unacknowledged = new Map<string, Set<number>>();
  #taken = 0;
  #error: ProtocolError | undefined;

  private constructor(connection: Connection, consumerId: number, queueSize: number) {
    this.#connection = connection;
    this.#consumerId = consumerId;
    this.#flowStep = Math.max(1, Math.floor(queueSize / 2));
  }

  /** @throws ProtocolError */
  static async subscribe(
    lookup: TopicLookup,
    consumerId: number,
    options: ConsumerOptions,
  ): Promise<Consumer> {
    const connection = await lookup.find(options.topic);
    const consumer = new Consumer(connection, consumerId, options.receiverQueueSize);
    connection.attachConsumer(consumerId, consumer);
    try {
      await connection.request('subscribe', {
        topic: options.topic,
        subscription: options.subscription,
        subType: 0,
        consumerId,
        durable: true,
        initialPosition: options.initialPosition === 'earliest' ? 1 : 0,
      });
    } catch (error) {
      connection.detachConsumer(consumerId);
      throw error;
    }
    connection.send('flow', { consumerId, messagePermits: options.receiverQueueSize });
    return consumer;
  }

  /** The next message, in order. @throws ProtocolError when the consumer has ended. */
  async receive(): Promise<IncomingMessage> {
    const message = this.#received.shift();
    if (message !== undefined) {
      this.#grant();
      return message;
    }
    if (this.#error !== undefined) {
      throw this.#error;
    }
    const waiting = deferred<IncomingMessage>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** A batch is acknowledged when all its messages are. */
  acknowledge({ id }: IncomingMessage): void {
    const entry = `${id.ledgerId}:${id.entryId}`;
    const others = this.#unacknowledged.get(entry);
    others?.delete(id.batchIndex ?? 0);
    if (others === undefined || others.size === 0) {
      this.#unacknowledged.delete(entry);
      this.#ack(INDIVIDUAL, id);
    }
  }

  /** Acknowledges every entry up to that of `message`; one inside a batch, only the entries before it. */
  acknowledgeCumulative({ id, batchSize }: IncomingMessage): void {
    const lastOfEntry = id.batchIndex === undefined || id.batchIndex === batchSize - 1;
    this.#ack(CUMULATIVE, lastOfEntry ? id : { ledgerId: id.ledgerId, entryId: id.entryId - 1 });
  }

  /** Ends the consumer; what is not acknowledged comes again. Never rejects. */
  async close(): Promise<void> {
    const consumerId = this.#consumerId;
    this.closed(new ProtocolError('closed', 'the consumer was closed'));
    await this.#connection.request('closeConsumer', { consumerId }).catch(() => undefined);
    this.#connection.detachConsumer(consumerId);
  }

  message({ messageId }: Commands['message'], payload: Buffer): void {
    let messages: IncomingMessage[];
    try {
      messages = readMessages(messageId, payload);
    } catch (error) {
      this.closed(asProtocolError(error, 'unsupported'));
      return;
    }
    if (messages.length > 1) {
      const indexes = messages.map(({ id }) => id.batchIndex ?? 0);
      this.#unacknowledged.set(`${messageId.ledgerId}:${messageId.entryId}`, new Set(indexes));
    }
    for (const message of messages) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) {
        this.#received.push(message);
      } else {
        this.#grant();
        waiting.resolve(message);
      }
    }
  }

  closed(error: ProtocolError): void {
    this.#error ??= error;
    for (let waiting = this.#waiting.shift(); waiting !== undefined; waiting = this.#waiting.shift()) {
      waiting.reject(this.#error);
    }
  }

  /** Permits are given back by halves of the queue, not one by one. */
  #grant(): void {
    this.#taken++;
    if (this.#taken >= this.#flowStep) {
      this.#connection.send('flow', { consumerId: this.#consumerId, messagePermits: this.#taken });
      this.#taken = 0;
    }
  }

  #ack(ackType: number, { ledgerId, entryId }: MessageIdData): void {
    this.#connection.send('ack', {
      consumerId: this.#consumerId,
      ackType,
      messageId: [{ ledgerId, entryId }],
    });
  }
}
