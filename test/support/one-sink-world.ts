import { explain, isConnectorError } from '../../src/errors';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../src/pulsar/memory-transport';
import type { Transport } from '../../src/pulsar/transport';
import { runSinkInstance } from '../../src/runtime/sink-instance';
import { KinesisSink } from '../../src/sink/kinesis-sink';
import { type Deferred, deferred } from '../../src/util/deferred';
import { silentLogger } from '../../src/util/logger';
import { type Random, randomInt, seededRandom } from '../../src/util/random';
import { AuditedKinesis } from './audited-kinesis';
import { AuditedSink } from './audited-sink';
import { ManualClock } from './manual-clock';
import { MAX_RECORD_BYTES, NumberedMessages } from './numbered-messages';
import {
  DEAD_LETTERS,
  randomSettings,
  type SinkSettings,
  STREAM,
  sinkConfig,
  TOPIC,
} from './one-sink-settings';
import { CALM, type PutBug, PutStorm, type PutWeather } from './put-storm';
import { SimulatedProcess, type Weather } from './simulated-process';
import { SimulatedStream } from './simulated-stream';
import { SinkAudit } from './sink-audit';
import type { SinkLife } from './sink-life';

const MOST_SHARDS = 6;

/** One process of the connector, from its start to its end. */
export interface SinkWorker {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly transport: MemoryTransport;
  readonly stop: AbortController;
  readonly life: SinkLife;
  /** Resolves when its run has ended, or it was killed. */
  readonly ended: Promise<void>;
  readonly killed: Deferred<void>;
  readonly kinesis: AuditedKinesis;
  pauses: number;
}

/** A topic, a stream, and whole connectors between them, on one virtual clock. */
export class OneSinkWorld {
  readonly random: Random;
  readonly clock = new ManualClock(Date.UTC(2026, 0, 1, 12, 0, 0, 400));
  readonly settings: SinkSettings;
  readonly audit: SinkAudit;
  readonly broker = new MemoryBroker({ deliveryLatencyMs: 1 });
  readonly stream: SimulatedStream;
  readonly puts: PutWeather = { ...CALM };
  readonly reads: Weather = { lostWrites: 0, lostReads: 0, throttles: 0, slow: 0 };
  readonly #storm: PutStorm;
  readonly #config: ReturnType<typeof sinkConfig>;
  readonly #messages: NumberedMessages;
  #workers = 0;

  constructor(seed: number, bug?: PutBug) {
    this.random = seededRandom(seed);
    this.settings = randomSettings(this.random);
    this.#config = sinkConfig(this.settings);
    this.stream = new SimulatedStream(STREAM, 1 + randomInt(this.random, 4), this.clock);
    this.audit = new SinkAudit({
      ordered: this.settings.retainOrdering,
      now: () => this.clock.monotonic(),
    });
    this.#messages = new NumberedMessages(this.audit, this.settings, this.random);
    this.#storm = new PutStorm({
      kinesis: this.stream.kinesis,
      clock: this.clock,
      random: this.random,
      weather: this.puts,
      requestTimeout: this.settings.requestTimeout,
      isPoison: (entry) => this.#messages.ofEntry(entry).kind === 'poison',
      bug,
    });
    const store = this.broker.store.bind(this.broker);
    this.broker.store = (topic, message, publishTime) => {
      store(topic, message, publishTime);
      if (topic === DEAD_LETTERS) {
        this.#messages.of(message.properties).deadLetters++;
      }
    };
  }

  /** Messages that no sink has settled. */
  get backlog(): number {
    return this.broker.backlog(TOPIC, this.#config.sink.subscriptionName) ?? this.audit.messages.length;
  }

  publish(count: number): void {
    for (let i = 0; i < count; i++) {
      this.broker.publish(TOPIC, this.#messages.next());
    }
  }

  reshard(): void {
    this.audit.note(this.stream.reshard(this.random, MOST_SHARDS));
  }

  startWorker(): SinkWorker {
    const name = `s${++this.#workers}`;
    this.audit.note(`${name} starts`);
    const process = new SimulatedProcess(this.clock, this.random, this.reads);
    const { settings, audit } = this;
    const life = audit.life(name, {
      maxCount: settings.collectionMaxCount,
      maxBytes: settings.collectionMaxSize,
      maxRecordBytes: MAX_RECORD_BYTES,
      maxConnections: settings.maxConnections,
      maxPendingRecords: settings.maxPendingRecords,
      maxPendingBytes: settings.maxPendingBytes,
      recordTtl: settings.recordTtl ?? Number.POSITIVE_INFINITY,
      policy: settings.policy,
    });
    const stop = new AbortController();
    const transport = new MemoryTransport(this.broker, this.#config.sink.producer, process);
    const worker = {
      name,
      process,
      transport,
      stop,
      life,
      ended: Promise.resolve(),
      killed: deferred<void>(),
      kinesis: new AuditedKinesis({
        process,
        audit,
        life,
        stream: this.stream,
        storm: this.#storm,
        messages: this.#messages,
        clock: this.clock,
        rateLimit: settings.rateLimit,
      }),
      pauses: 0,
    };
    const run = runSinkInstance({
      definition: { ...this.#config.sink, name },
      pulsar: this.#config.pulsar,
      sink: new AuditedSink({
        inner: new KinesisSink({ kinesis: () => worker.kinesis }),
        audit,
        life,
        messageOf: ({ properties }) => this.#messages.of(properties),
        sizeOf: ({ key = '', value }) => key.length + (value?.length ?? 0),
        pauses: () => worker.pauses,
      }),
      shutdownTimeoutMs: settings.shutdownTimeoutMs,
      clock: process,
      random: this.random,
      logger: silentLogger,
      openTransport: () => this.#watched(transport, life),
      stop: stop.signal,
    });
    const over = run.then(
      (outcome) => this.#ended(worker, outcome),
      (error) => {
        this.#ended(worker, 'failed');
        const expected = settings.policy === 'fail' || settings.policy === 'end';
        if (!expected || !isConnectorError(error, 'SINK_RECORD_EXPIRED')) {
          audit.broken(`${name} failed: ${explain(error)}`);
        }
      },
    );
    worker.ended = Promise.race([over, worker.killed.promise]);
    return worker;
  }

  kill(worker: SinkWorker): void {
    this.audit.note(`${worker.name} is killed, ${worker.life.pending} pending`);
    worker.process.kill();
    worker.life.end = 'killed';
    worker.killed.resolve();
    // The broker finds out later.
    this.clock.setTimer(() => worker.transport.crash(), this.random.next() * 4000);
  }

  /** Cuts consumers. @param shared what they hold may go to others before they are back */
  cut(workers: readonly SinkWorker[], shared: boolean, name?: string): void {
    this.audit.note(`${name ?? 'every consumer'} is cut`);
    for (const worker of workers) {
      worker.life.cut ||= shared && (name === undefined || name === worker.name);
    }
    this.broker.disconnectConsumers(name);
  }

  /** A process stands still, for longer than its requests have, and its broker may give it up meanwhile. */
  async pause(worker: SinkWorker | undefined, givenUp: boolean): Promise<void> {
    if (worker === undefined || worker.life.end !== undefined) {
      return;
    }
    this.audit.note(`${worker.name} stands still`);
    worker.process.pause();
    worker.pauses++;
    await this.clock.advance(randomInt(this.random, 3 * this.settings.requestTimeout));
    if (givenUp && this.random.next() < 0.5) {
      worker.life.cut = true;
      this.broker.disconnectConsumers(worker.name);
      await this.clock.advance(randomInt(this.random, 3000));
    }
    if (!worker.process.killed) {
      await worker.process.resume();
      this.audit.note(`${worker.name} goes on`);
      worker.kinesis.forgive();
    }
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.audit.note('everything heals');
    Object.assign(this.puts, CALM);
    Object.assign(this.reads, { lostReads: 0, throttles: 0, slow: 0 });
    Object.assign(this.broker.behaviour, { failNext: 0, loseAcknowledgements: 0, deliveryLatencyMs: 5 });
    this.stream.unlimited();
  }

  /** What has to be seen now and then. */
  look(workers: readonly SinkWorker[]): void {
    for (const { kinesis, life } of workers) {
      if (life.end === undefined && !life.isClosed) {
        kinesis.look();
      }
    }
  }

  #ended(worker: SinkWorker, end: 'drained' | 'undrained' | 'failed'): void {
    const { life, name } = worker;
    this.audit.note(`${name} has ended: ${end}, ${life.pending} pending`);
    life.end = end;
    if (life.ambiguous !== life.countedAmbiguous) {
      this.audit.broken(
        `${name} counted ${life.countedAmbiguous} ambiguous retries instead of ${life.ambiguous}`,
      );
    }
    if (end === 'drained' && life.pending > 0) {
      this.audit.broken(`${name} says drained and left ${life.pending}`);
    }
  }

  /** The audit learns of every acknowledgement. */
  #watched(transport: MemoryTransport, life: SinkLife): Transport {
    const subscribe = transport.subscribe.bind(transport);
    const { behaviour } = this.broker;
    transport.subscribe = async (options) => {
      const consumer = await subscribe({ ...options, consumerName: life.name });
      const acknowledge = consumer.acknowledge.bind(consumer);
      consumer.acknowledge = (received) => {
        const message = this.#messages.of(received.properties);
        const losable = behaviour.loseAcknowledgements;
        acknowledge(received);
        this.audit.acknowledged(message, behaviour.loseAcknowledgements < losable);
        const { copies, deadLetters, givenUp, index } = message;
        const skipped = givenUp && this.settings.policy === 'skip';
        if (life.holds(message) || (copies === 0 && deadLetters === 0 && !skipped)) {
          this.audit.broken(`G8 message ${index} was acknowledged and is nowhere`, message);
        }
      };
      return consumer;
    };
    return transport;
  }
}
