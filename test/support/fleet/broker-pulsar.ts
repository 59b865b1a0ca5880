import type { Socket } from 'node:net';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import { FrameReader } from '../../../src/pulsar/protocol/frame';
import type { OutgoingMessage, ProducerTransport } from '../../../src/pulsar/transport';
import type { Clock } from '../../../src/util/clock';
import type { Random } from '../../../src/util/random';
import { ChunkJoiner, readMessages, type SentMessage } from '../message-codec';
import { ModelBroker, type StoredMessage } from '../model-broker';
import { ProcessGate } from '../sink-fleet/process-gate';
import { SimulatedSocket } from '../sink-fleet/simulated-socket';
import type { Lane } from './claim';
import type { Dice } from './dice';
import type { PulsarPlan } from './fleet-plan';
import type { FleetPulsar, PulsarUser } from './fleet-pulsar';
import type { History } from './history';
import type { LaneAudit } from './lane-audit';
import type { NumberingAudit } from './numbering-audit';
import type { PutRecord, RecordAudit } from './record-audit';

/** Milliseconds within which a broker sees that a process was killed; a few times, its whole machine. */
const GONE_MS = 20;
const MACHINE_GONE_MS = 6000;
/** Milliseconds that a broker is away at most. */
const AWAY_MS = 3000;
/** Milliseconds within which it forgets who is gone, where it does, and that such a one was away at least. */
const FORGOTTEN_MS = 2500;
const LONG_AWAY_MS = 500;
const MOST_PARTITIONS = 12;
/** Type of a BaseCommand. */
const SEND = 6;

export interface BrokerPulsarParts {
  readonly plan: PulsarPlan;
  readonly topic: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly latencyMs: number;
  /** Milliseconds that a write takes at most. */
  readonly sendMs: number;
  readonly history: History;
  readonly records: RecordAudit;
  readonly lanes: LaneAudit;
  readonly numbering: NumberingAudit;
}

/** Pulsar as the real protocol client meets it: a modelled broker, and connections that break at any byte. */
export class BrokerPulsar implements FleetPulsar {
  readonly broker: ModelBroker;
  readonly #parts: BrokerPulsarParts;
  /** Who has sent a record last, by worker and record. */
  readonly #sentBy = new Map<string, Lane>();

  constructor(parts: BrokerPulsarParts) {
    const { plan, topic, clock, random, sendMs } = parts;
    const { guarantee, partitions, maxMessageSize } = plan;
    this.#parts = parts;
    this.broker = new ModelBroker({
      clock,
      random,
      maxMessageSize,
      deduplicates: guarantee === 'EFFECTIVELY_ONCE',
      writeMs: () => 1 + random.next() * sendMs,
      stored: (message) => this.#stored(message),
      dropped: (messages) => this.#dropped(messages),
    });
    if (partitions > 0) {
      this.broker.partition(topic, partitions);
    }
  }

  transport({ worker, process, logger, pulsar, producer }: PulsarUser): ProducerTransport {
    const gate = new ProcessGate(process, { fateOf: () => undefined, strike: () => undefined });
    const { random } = this.#parts;
    const connect = (): Socket => this.#connect(worker, gate);
    return new BinaryTransport(pulsar, producer, { clock: process, random, logger, connect });
  }

  leaves(message: OutgoingMessage, lane: Lane): void {
    const { index } = this.#parts.records.ofPayload(message.value);
    this.#sentBy.set(`${lane.worker} ${index}`, lane);
  }

  grow(dice: Dice): void {
    const { history, topic } = this.#parts;
    const partitions = this.broker.partitionsOf(topic);
    if (partitions > 0 && partitions < MOST_PARTITIONS) {
      const more = partitions + 1 + dice.some(3);
      history.note(`Pulsar: the topic goes from ${partitions} to ${more} partitions`);
      this.broker.partition(topic, more);
    }
  }

  strike(dice: Dice): void {
    const { history, clock } = this.#parts;
    const fates: readonly (readonly [what: string, strike: () => void])[] = [
      ['a connection breaks', () => this.broker.cutSoon()],
      ['every connection breaks', () => this.broker.cutAll()],
      ['a receipt gets lost', () => void this.broker.lostReceipts++],
      ['a topic is unloaded', () => this.broker.unloadOne()],
      ['a write fails', () => this.broker.failOneWrite()],
      ['the broker starts anew', () => this.broker.restart(dice.some(AWAY_MS))],
    ];
    dice.with(fates, ([what, strike]) => {
      history.note(`Pulsar: ${what}`);
      strike();
      if (dice.chance(0.3)) {
        clock.setTimer(strike, dice.some(500));
      }
    });
  }

  killed(worker: string): void {
    const { clock, random } = this.#parts;
    const ms = random.next() * (random.next() < 0.8 ? GONE_MS : MACHINE_GONE_MS);
    clock.setTimer(() => this.broker.died(worker), ms);
    if (random.next() < 0.3) {
      // Before anyone takes its shards.
      clock.setTimer(() => this.#forget(), ms + random.next() * FORGOTTEN_MS);
    }
  }

  heal(): void {
    this.broker.heal();
  }

  #forget(): void {
    const { history, numbering } = this.#parts;
    for (const { topic, name } of this.broker.forget(LONG_AWAY_MS)) {
      history.note(`Pulsar: ${name.slice(1 + name.indexOf('/'))} is forgotten`);
      numbering.forgot(topic, name);
    }
  }

  #connect(worker: string, gate: ProcessGate): Socket {
    const { clock, random, latencyMs } = this.#parts;
    const chunks = new ChunkJoiner();
    const sent = new FrameReader((command, payload) => {
      if (command[1] === SEND) {
        this.#sends(worker, chunks.join(readMessages(payload)));
      }
    });
    const { asSocket } = SimulatedSocket.connect(
      {
        clock,
        gate,
        latency: () => random.next() * latencyMs,
        sends: (bytes) => sent.push(bytes),
      },
      this.broker.listens ? (far) => this.broker.accept(far.asSocket, worker) : undefined,
    );
    return asSocket;
  }

  #sends(worker: string, messages: readonly SentMessage[]): void {
    const { plan, lanes, numbering } = this.#parts;
    for (const { value, producerName, sequenceId } of messages) {
      const record = this.#recordOf(value);
      lanes.left(this.#laneOf(worker, record), record);
      if (plan.guarantee === 'EFFECTIVELY_ONCE') {
        numbering.sent(record, producerName, sequenceId);
      }
    }
  }

  #stored({ topic, message, producer }: StoredMessage): void {
    const { lanes, numbering, plan, history } = this.#parts;
    const record = this.#recordOf(message.value);
    const isPartitioned = this.broker.partitionsOf(this.#parts.topic) > 0;
    if (isPartitioned && topic === this.#parts.topic) {
      history.broken(`G1 record ${record.index} is stored beside all partitions`, record.shard.shardId);
    }
    lanes.stored(this.#laneOf(producer.client, record), record, isPartitioned ? topic : undefined);
    if (plan.guarantee === 'EFFECTIVELY_ONCE') {
      numbering.stored(record, { topic, producer: producer.name, sequenceId: message.sequenceId });
    }
  }

  #dropped([first, ...others]: readonly SentMessage[]): void {
    if (first !== undefined && first.chunk === undefined) {
      const { index, shard } = this.#recordOf(first.value);
      const more = others.length === 0 ? '' : ` and ${others.length} more`;
      this.#parts.history.note(`record ${index}${more} is dropped as a copy`, '', shard.shardId);
    }
  }

  #recordOf(value: Buffer): PutRecord {
    return this.#parts.records.ofPayload(value);
  }

  #laneOf(worker: string, { index }: PutRecord): Lane {
    const lane = this.#sentBy.get(`${worker} ${index}`);
    if (lane === undefined) {
      throw new Error(`${worker} has never sent record ${index}`);
    }
    return lane;
  }
}
