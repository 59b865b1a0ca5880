import type { Socket } from 'node:net';
import type { PublishedMessage } from '../../../src/pulsar/memory-message';
import type { Commands, SchemaData } from '../../../src/pulsar/protocol/command';
import { type Random, randomInt } from '../../../src/util/random';
import type { AckVerdict } from '../fake-consumers';
import { FakePulsarBroker } from '../fake-pulsar-broker';
import type { ManualClock } from '../manual-clock';
import { encodeBatch, encodeSingle } from '../message-codec';
import type { NumberedMessages } from './numbered-messages';
import type { ProcessGate } from './process-gate';
import { SimulatedSocket } from './simulated-socket';
import type { AuditedMessage, SinkAudit } from './sink-audit';
import { DEAD_LETTERS, SUBSCRIPTION, TOPIC } from './sink-settings';

/** What befalls the connections to Pulsar; likelihoods are 0 to 1. */
export interface PulsarWeather {
  /** An acknowledgement is not answered, refused, or its connection ends. */
  acknowledgements: number;
  /** A dead letter is not confirmed, or its connection ends. */
  sends: number;
  /** Nobody listens. */
  away: boolean;
}

export interface SinkTopicParts {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly audit: SinkAudit;
  readonly messages: NumberedMessages;
  readonly latencyMs: number;
}

/** Of every message that names one: the bytes stay what they are. */
const SCHEMA: SchemaData = { name: 'text', type: 1, schemaData: Buffer.alloc(0), properties: [] };

/** Kind of an acknowledgement. */
const CUMULATIVE = 1;

/** Messages of a batch at most. */
const MOST_IN_BATCH = 6;

/** The input topic at a broker, which stores entries of one or more messages, and the connections of every process to it. */
export class SinkTopic {
  readonly weather: PulsarWeather = { acknowledgements: 0, sends: 0, away: false };
  readonly #parts: SinkTopicParts;
  readonly #broker = new FakePulsarBroker();
  /** What each entry holds. */
  readonly #entries: (readonly AuditedMessage[])[] = [];
  readonly #sockets = new Map<string, Set<SimulatedSocket>>();

  constructor(parts: SinkTopicParts) {
    this.#parts = parts;
    const { script, consumers } = this.#broker;
    consumers.script.schema = () => SCHEMA;
    script.lookup = () => ({ brokerServiceUrl: 'pulsar://broker:6650' });
    script.send = ({ topic, messages }) => {
      const verdict = this.#strikes('sends')
        ? this.#pick('lose-receipt' as const, 'swallow' as const, 'disconnect' as const)
        : 'store';
      if (topic === DEAD_LETTERS && (verdict === 'store' || verdict === 'lose-receipt')) {
        for (const { properties } of messages) {
          parts.messages.of(properties).deadLetters++;
        }
      }
      return verdict;
    };
    consumers.script.ack = (ack) => {
      const verdict: AckVerdict = this.#strikes('acknowledgements')
        ? this.#pick<AckVerdict>('lose-answer', 'swallow', 'disconnect', { error: 6 })
        : 'answer';
      if (verdict === 'answer' || verdict === 'lose-answer') {
        for (const message of this.#acknowledged(ack)) {
          parts.audit.acknowledged(message);
        }
      }
      return verdict;
    };
  }

  /** Entries that the subscription has not acknowledged. */
  get backlog(): number {
    const topic = this.#broker.consumers.topic(TOPIC);
    return topic.entries.length - (topic.subscriptions.get(SUBSCRIPTION)?.acknowledged.size ?? 0);
  }

  /** @param oneKey whether the messages of a batch have their key in common. */
  publish(count: number, oneKey: boolean): void {
    const { random, messages } = this.#parts;
    for (let left = count; left > 0; ) {
      const size = random.next() < 0.6 ? 1 : Math.min(left, 2 + randomInt(random, MOST_IN_BATCH - 1));
      this.#append(messages.batch(size, oneKey), size > 1);
      left -= size;
    }
  }

  /** A connection from the process behind `gate`. */
  connect(worker: string, gate: ProcessGate): Socket {
    const { clock, random, latencyMs } = this.#parts;
    const latency = (): number => 1 + random.next() * latencyMs;
    const accept = (far: SimulatedSocket): void => {
      const sockets = this.#sockets.get(worker) ?? new Set();
      this.#sockets.set(worker, sockets.add(far));
      far.on('close', () => sockets.delete(far));
      this.#broker.accept(far.asSocket);
    };
    return SimulatedSocket.connect({ clock, gate, latency }, this.weather.away ? undefined : accept).asSocket;
  }

  /** Ends the connections of `worker`: what it has not acknowledged goes to others. */
  cut(worker: string): void {
    for (const socket of [...(this.#sockets.get(worker) ?? [])]) {
      socket.destroy();
    }
  }

  /** The broker closes every consumer, as when it gives the topic to another broker. */
  unload(): void {
    this.#broker.consumers.unload();
  }

  #append(batch: readonly PublishedMessage[], isBatch: boolean): void {
    const schemaVersion = this.#parts.random.next() < 0.3 ? { schemaVersion: Buffer.alloc(8) } : {};
    const frame = isBatch
      ? encodeBatch(batch, schemaVersion)
      : encodeSingle(batch[0] as PublishedMessage, schemaVersion);
    this.#entries.push(batch.map(({ properties = {} }) => this.#parts.messages.of(properties)));
    this.#broker.consumers.topic(TOPIC).append(frame, batch.length, batch[0]?.key);
  }

  /** What an acknowledgement is of: entries, all up to one, or messages of a batch. */
  #acknowledged({ ackType, messageId }: Commands['ack']): AuditedMessage[] {
    return messageId.flatMap(({ entryId, ackSet }) => {
      const [left = 0] = ackSet ?? [];
      const own = (this.#entries[entryId] ?? []).filter((_, index) => ((left >>> index) & 1) === 0);
      const before = ackType === CUMULATIVE ? this.#entries.slice(0, entryId).flat() : [];
      return [...before.filter(({ acknowledged }) => !acknowledged), ...own];
    });
  }

  #strikes(kind: 'acknowledgements' | 'sends'): boolean {
    const likelihood = this.weather[kind];
    return likelihood > 0 && this.#parts.random.next() < likelihood;
  }

  #pick<T>(...values: readonly T[]): T {
    return values[randomInt(this.#parts.random, values.length)] as T;
  }
}
