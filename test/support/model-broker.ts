import type { Socket } from 'node:net';
import type { Clock } from '../../src/util/clock';
import { type Random, randomInt } from '../../src/util/random';
import type { SentMessage } from './message-codec';
import { ModelConnection } from './model-broker-connection';
import type { ModelProducer } from './model-broker-producer';
import { ModelTopic } from './model-broker-topic';

/** A message as readers get it, and how it came to be there. */
export interface StoredMessage {
  /** Of the partition, where the topic has several. */
  readonly topic: string;
  readonly message: SentMessage;
  readonly producer: ModelProducer;
}

export interface ModelBrokerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly maxMessageSize: number;
  /** Whether its topics tell duplicates by producer name and sequence id. */
  readonly deduplicates: boolean;
  /** Milliseconds that the next write takes. */
  readonly writeMs: () => number;
  readonly stored: (message: StoredMessage) => void;
  /** What is sent is taken for a copy. */
  readonly dropped?: (messages: readonly SentMessage[]) => void;
}

/** A bound that most frames of a connection are below. */
const FRAME_BYTES = 400;

/** A broker of Pulsar's binary protocol on virtual time, which speaks frames over simulated sockets: producers only. */
export class ModelBroker {
  /** Whether it takes connections. */
  listens = true;
  /** Receipts of what is stored that are still to be lost. */
  lostReceipts = 0;
  readonly #parts: ModelBrokerParts;
  readonly #partitions = new Map<string, number>();
  readonly #topics = new Map<string, ModelTopic>();
  readonly #connections = new Set<ModelConnection>();
  #names = 0;

  constructor(parts: ModelBrokerParts) {
    this.#parts = parts;
  }

  accept(socket: Socket, client: string): void {
    const { clock, maxMessageSize } = this.#parts;
    const connection = new ModelConnection(
      {
        clock,
        client,
        maxMessageSize,
        partitionsOf: (topic) => this.partitionsOf(topic),
        topic: (name) => this.topic(name),
        name: () => `model-${++this.#names}`,
        losesReceipt: () => this.lostReceipts > 0 && this.lostReceipts-- > 0,
        ended: (ended) => this.#connections.delete(ended),
      },
      socket,
    );
    this.#connections.add(connection);
  }

  partitionsOf(topic: string): number {
    return this.#partitions.get(topic) ?? 0;
  }

  /** Makes a topic partitioned, or gives it more partitions. */
  partition(topic: string, count: number): void {
    this.#partitions.set(topic, count);
  }

  topic(name: string): ModelTopic {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      const { clock, random, deduplicates, writeMs, stored, dropped } = this.#parts;
      topic = new ModelTopic({
        clock,
        random,
        deduplicates,
        writeMs,
        stored: (producer, messages) => {
          for (const message of messages) {
            stored({ topic: name, message, producer });
          }
        },
        dropped: (messages) => dropped?.(messages),
      });
      this.#topics.set(name, topic);
    }
    return topic;
  }

  /** Everything to do with a process that is gone. */
  died(client: string): void {
    for (const connection of [...this.#connections]) {
      if (connection.client === client) {
        connection.destroy();
      }
    }
  }

  /** Cuts some connection after one of the next bytes, in either direction. */
  cutSoon(): void {
    const connection = this.#any([...this.#connections]);
    if (connection !== undefined) {
      const bytes = 1 + randomInt(this.#parts.random, FRAME_BYTES);
      connection[this.#parts.random.next() < 0.5 ? 'bytesIn' : 'bytesOut'] = bytes;
    }
  }

  /** Cuts every connection at once. */
  cutAll(): void {
    for (const connection of [...this.#connections]) {
      connection.destroy();
    }
  }

  /** Ends, and is back `ms` later. */
  restart(ms: number): void {
    this.listens = false;
    this.cutAll();
    for (const topic of this.#topics.values()) {
      topic.crash();
    }
    this.#parts.clock.setTimer(() => {
      this.listens = true;
    }, ms);
  }

  unloadOne(): void {
    this.#any([...this.#topics.values()])?.unload();
  }

  failOneWrite(): void {
    this.#any([...this.#topics.values()])?.failNext();
  }

  /** Forgets producers that have been away for so long. @returns their topics and names */
  forget(awayMs: number): { readonly topic: string; readonly name: string }[] {
    return [...this.#topics].flatMap(([topic, model]) =>
      model.forget(awayMs).map((name) => ({ topic, name })),
    );
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.listens = true;
    this.lostReceipts = 0;
    for (const connection of this.#connections) {
      connection.bytesIn = Number.POSITIVE_INFINITY;
      connection.bytesOut = Number.POSITIVE_INFINITY;
    }
    for (const topic of this.#topics.values()) {
      topic.heal();
    }
  }

  #any<T>(items: readonly T[]): T | undefined {
    return items[randomInt(this.#parts.random, items.length)];
  }
}
