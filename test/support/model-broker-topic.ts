import type { Commands } from '../../src/pulsar/protocol/command';
import type { Clock } from '../../src/util/clock';
import { type Random, randomInt } from '../../src/util/random';
import { Deduplication } from './deduplication';
import { ChunkJoiner, readMessages, type SentMessage } from './message-codec';
import type { ModelProducer } from './model-broker-producer';

/** ServerError of PulsarApi.proto. */
const PERSISTENCE_ERROR = 2;
/** Milliseconds within which all producers of a topic know that it is closed to writes. */
const FENCE_MS = 20;

/** Where an entry lies in its topic. */
export interface StoredPlace {
  readonly ledgerId: number;
  readonly entryId: number;
}

export interface TopicParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly deduplicates: boolean;
  /** Milliseconds that the next write takes. */
  readonly writeMs: () => number;
  /** Readers get `messages` now: chunks are put together. */
  readonly stored: (producer: ModelProducer, messages: readonly SentMessage[]) => void;
  /** A send is taken for one that was stored before. */
  readonly dropped: (messages: readonly SentMessage[]) => void;
}

interface Write {
  readonly producer: ModelProducer;
  readonly sequenceId: number;
  readonly highestId: number;
  readonly messages: readonly SentMessage[];
  /** Of a chunked message, and not its last one. */
  readonly isPart: boolean;
  readonly due: number;
}

/**
 * One topic, or one partition, of a broker: what it has accepted, stored, and knows of its producers. Deduplication and
 * its faults as Pulsar's `PersistentTopic` has them.
 */
export class ModelTopic {
  readonly producers = new Map<string, ModelProducer>();
  /** False until it is looked up: nobody may produce to it before. */
  served = false;
  readonly #parts: TopicParts;
  readonly #deduplication = new Deduplication();
  readonly #chunks = new ChunkJoiner();
  /** When producers left that are not there. */
  readonly #left = new Map<string, number>();
  #writes: Write[] = [];
  #waits = false;
  #fails = false;
  /** Closed to writes, until every producer is told. */
  #fence: object | undefined;
  #entries = 0;

  constructor(parts: TopicParts) {
    this.#parts = parts;
  }

  /** Whether it takes producers now. */
  get ready(): boolean {
    return this.served && this.#fence === undefined;
  }

  /** @returns the highest id that the topic knows under its name; -1: none */
  join(producer: ModelProducer): number {
    this.producers.set(producer.name, producer);
    this.#left.delete(producer.name);
    return this.#parts.deduplicates ? this.#deduplication.lastSequenceId(producer.name) : -1;
  }

  leave(producer: ModelProducer): void {
    if (this.producers.get(producer.name) === producer) {
      this.producers.delete(producer.name);
      this.#left.set(producer.name, this.#parts.clock.monotonic());
    }
  }

  publish(producer: ModelProducer, send: Commands['send'], payload: Buffer): void {
    const { sequenceId } = send;
    if (this.#fence !== undefined) {
      // Not looked at. Source: `PersistentTopic.publishMessage`.
      producer.refused(highestOf(send), PERSISTENCE_ERROR, 'fenced');
      return;
    }
    const { clock, deduplicates, writeMs, dropped } = this.#parts;
    const highestId = highestOf(send);
    const messages = readMessages(payload);
    const chunk = messages[0]?.chunk;
    const isPart = chunk !== undefined && chunk.id < chunk.count - 1;
    // Source: `MessageDeduplication.isDuplicate`: parts of a message but its last one are not looked at.
    const isNew = !deduplicates || isPart;
    const verdict = isNew ? 'NEW' : this.#deduplication.offer(producer.name, sequenceId, highestId);
    switch (verdict) {
      case 'DUPLICATE':
        dropped(messages);
        producer.receipt(sequenceId, undefined);
        break;
      case 'UNKNOWN':
        producer.refused(highestId, PERSISTENCE_ERROR, 'cannot determine whether it is a duplicate');
        break;
      case 'NEW': {
        const due = Math.max(this.#writes.at(-1)?.due ?? 0, clock.monotonic() + writeMs());
        this.#writes.push({ producer, sequenceId, highestId, messages, isPart, due });
        producer.pending++;
        this.#await();
      }
    }
  }

  /** The next write fails, and every one that waits behind it. */
  failNext(): void {
    this.#fails = true;
  }

  heal(): void {
    this.#fails = false;
  }

  /** It goes to another broker: nobody may produce until it is looked up again. */
  unload(): void {
    this.#close(() => this.#end());
  }

  /** Its broker has ended, and every connection to it. */
  crash(): void {
    this.#fence = undefined;
    this.#end();
  }

  /** Forgets producers that have been away for so long and have nothing pending. @returns their names */
  forget(awayMs: number): string[] {
    const since = this.#parts.clock.monotonic() - awayMs;
    const names = [...this.#left]
      .filter(([name, at]) => at <= since && this.#writes.every(({ producer }) => producer.name !== name))
      .map(([name]) => name);
    for (const name of names) {
      this.#left.delete(name);
      this.#deduplication.forget(name);
    }
    return names;
  }

  #await(): void {
    const [next] = this.#writes;
    if (next !== undefined && !this.#waits) {
      const { clock } = this.#parts;
      this.#waits = true;
      clock.setTimer(this.#written, Math.max(0, next.due - clock.monotonic()));
    }
  }

  readonly #written = (): void => {
    this.#waits = false;
    const now = this.#parts.clock.monotonic();
    for (let next = this.#writes[0]; next !== undefined && next.due <= now; next = this.#writes[0]) {
      if (this.#fails) {
        this.#fail();
        return;
      }
      this.#writes.shift();
      this.#store(next);
    }
    this.#await();
  };

  #store({ producer, sequenceId, highestId, messages, isPart }: Write): void {
    const { deduplicates, stored } = this.#parts;
    if (deduplicates && !isPart) {
      this.#deduplication.persisted(producer.name, highestId);
    }
    stored(producer, this.#chunks.join(messages));
    producer.receipt(sequenceId, { ledgerId: 1, entryId: this.#entries++ });
    producer.settled();
  }

  /** Source: Pulsar `PersistentTopic.addFailed`. */
  #fail(): void {
    this.#fails = false;
    const failed = this.#writes.splice(0);
    const refuse = (): void => {
      for (const { producer, highestId } of failed) {
        producer.refused(highestId, PERSISTENCE_ERROR, 'the bookies have failed');
        producer.settled();
      }
    };
    const isFirst = this.#parts.random.next() < 0.5;
    if (isFirst) {
      refuse();
    }
    this.#close(() => {
      this.#deduplication.reset();
      if (!isFirst) {
        refuse();
      }
    });
  }

  /** Takes no sends while its producers are told, one connection after the other. @param then when all are */
  #close(then: () => void): void {
    const { clock, random } = this.#parts;
    const fence = {};
    this.#fence = fence;
    clock.setTimer(() => {
      if (this.#fence === fence) {
        for (const producer of [...this.producers.values()]) {
          producer.disconnect();
        }
        then();
        this.#fence = undefined;
      }
    }, random.next() * FENCE_MS);
  }

  /** Some of the writes are still done, and the others never. */
  #end(): void {
    for (let left = randomInt(this.#parts.random, this.#writes.length + 1); left > 0; left--) {
      this.#store(this.#writes.shift() as Write);
    }
    for (const { producer } of this.#writes.splice(0)) {
      producer.settled();
    }
    this.#deduplication.reset();
    this.served = false;
  }
}

/** What an answer calls a send by. */
function highestOf({ sequenceId, highestSequenceId = 0 }: Commands['send']): number {
  return Math.max(sequenceId, highestSequenceId);
}
