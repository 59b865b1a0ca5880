import type { KinesisPutApi, PutEntry } from '../../src/aws/kinesis-api';
import { explain, isConnectorError } from '../../src/errors';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../src/pulsar/memory-transport';
import type { Transport } from '../../src/pulsar/transport';
import { runSinkInstance } from '../../src/runtime/sink-instance';
import { KinesisSink } from '../../src/sink/kinesis-sink';
import { type Deferred, deferred } from '../../src/util/deferred';
import { silentLogger } from '../../src/util/logger';
import { type Random, randomInt, seededRandom } from '../../src/util/random';
import { AuditedSink } from './audited-sink';
import { ManualClock } from './manual-clock';
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
import { type AuditedMessage, type MessageKind, SinkAudit } from './sink-audit';
import type { SinkLife } from './sink-life';
import { WriteRateAudit } from './write-rate-audit';

const MAX_RECORD_BYTES = 1024 * 1024;
const TOO_LARGE = Buffer.alloc(MAX_RECORD_BYTES + 1, '.');
const MOST_SHARDS = 6;
const KEYS = 8;

/** A sink lists the shards within this time after a record landed on one it does not know, milliseconds. */
const RELIST_MS = 7000;

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
  pauses: number;
  /** Since when it knows that its listing of the shards is out of date. */
  staleSince: number | undefined;
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
  readonly #values: (Uint8Array | undefined)[] = [];
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
    this.#storm = new PutStorm({
      kinesis: this.stream.kinesis,
      clock: this.clock,
      random: this.random,
      weather: this.puts,
      requestTimeout: this.settings.requestTimeout,
      isPoison: (entry) => this.#messageOf(entry).kind === 'poison',
      bug,
    });
    const store = this.broker.store.bind(this.broker);
    this.broker.store = (topic, message, publishTime) => {
      store(topic, message, publishTime);
      if (topic === DEAD_LETTERS) {
        this.#message(message.properties.n).deadLetters++;
      }
    };
  }

  /** Messages that no sink has settled. */
  get backlog(): number {
    return this.broker.backlog(TOPIC, this.#config.sink.subscriptionName) ?? this.audit.messages.length;
  }

  publish(count: number): void {
    const hopeless = this.settings.policy === 'dead letters' || this.settings.policy === 'skip';
    for (let i = 0; i < count; i++) {
      const dice = this.random.next();
      const kind: MessageKind =
        dice < 0.04 ? 'null' : !hopeless || dice > 0.06 ? 'plain' : dice < 0.044 ? 'too large' : 'poison';
      const index = this.audit.messages.length;
      const key = this.#key(kind, index);
      const message = this.audit.publish(key, kind);
      const value = this.#value(message);
      this.#values.push(value);
      this.broker.publish(TOPIC, { key, value, properties: { n: String(index) } });
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
      pauses: 0,
      staleSince: undefined,
    };
    const run = runSinkInstance({
      definition: { ...this.#config.sink, name },
      pulsar: this.#config.pulsar,
      sink: new AuditedSink({
        inner: new KinesisSink({ kinesis: () => this.#kinesis(worker) }),
        audit,
        life,
        messageOf: ({ properties }) => this.#message(properties.n),
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
      worker.staleSince &&= this.clock.monotonic();
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
    for (const worker of workers) {
      const { staleSince, name, life } = worker;
      if (
        life.end === undefined &&
        staleSince !== undefined &&
        this.clock.monotonic() - staleSince > RELIST_MS
      ) {
        this.audit.broken(`${name} has not listed the shards since a record landed on an unknown one`);
        worker.staleSince = undefined;
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

  /** Kinesis as one process reaches it. */
  #kinesis(worker: SinkWorker): KinesisPutApi & { close(): void } {
    const { process, life, name } = worker;
    const { kinesis } = this.stream;
    const reads = process.kinesis(kinesis);
    const rate = new WriteRateAudit(this.settings.rateLimit);
    const isolated = new Set<AuditedMessage>();
    return {
      describeStream: reads.describeStream,
      listShards: async (stream, query, options) => {
        worker.staleSince &&= this.clock.monotonic();
        const page = await reads.listShards(stream, query, options);
        if (options?.signal?.aborted !== true) {
          rate.knows(
            page.shards.map(({ shardId }) => shardId),
            this.clock.monotonic(),
          );
          worker.staleSince = undefined;
        }
        return page;
      },
      putRecords: async (stream, entries, options) => {
        const messages = entries.map((entry) => this.#messageOf(entry));
        const attempt = life.asks(entries, messages);
        options?.signal?.addEventListener('abort', () => {
          attempt.failed(isConnectorError(options.signal?.reason, 'AWS_TIMEOUT'));
        });
        for (const [place, message] of messages.entries()) {
          this.#checkEntry(name, entries[place] as PutEntry, message);
          // Those that are sent again because something in their request was invalid take no tokens.
          if (!isolated.delete(message)) {
            this.#checkRate(name, rate, entries[place] as PutEntry);
          }
        }
        try {
          const results = await this.#storm.put(process, stream, entries, attempt);
          const unknown = results.some((result) => result.accepted && !rate.has(result.shardId));
          if (unknown && options?.signal?.aborted !== true) {
            worker.staleSince ??= this.clock.monotonic();
          }
          return results;
        } catch (error) {
          if (isConnectorError(error, 'AWS_REQUEST_REFUSED')) {
            for (const message of messages) {
              isolated.add(message);
            }
          }
          throw error;
        }
      },
      close: () => undefined,
    };
  }

  #checkEntry(name: string, entry: PutEntry, message: AuditedMessage): void {
    const { key, index } = message;
    if (key !== undefined && entry.partitionKey !== key) {
      this.audit.broken(`${name} sent message ${index} under the key ${entry.partitionKey}`, message);
    }
    const value = this.#values[index] ?? Buffer.alloc(0);
    if (!this.settings.wholeMessage && Buffer.compare(entry.data, value) !== 0) {
      this.audit.broken(`G7 ${name} altered message ${index}`, message);
    }
  }

  #checkRate(name: string, rate: WriteRateAudit, entry: PutEntry): void {
    const shardId = this.stream.shardOf(entry);
    const size = entry.data.byteLength + entry.partitionKey.length;
    if (!rate.take(shardId, size, this.clock.monotonic())) {
      this.audit.broken(`${name} writes to ${shardId} faster than ${this.settings.rateLimit} %`);
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
        const message = this.#message(received.properties.n);
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

  #key(kind: MessageKind, index: number): string | undefined {
    if (kind === 'null') {
      // By which it is known again.
      return `null-${index}`;
    }
    const dice = this.random.next();
    return dice < 0.15 ? undefined : `key-${dice < 0.35 ? 0 : randomInt(this.random, KEYS)}`;
  }

  #value({ kind, index }: AuditedMessage): Uint8Array | undefined {
    switch (kind) {
      case 'null':
        return undefined;
      case 'too large':
        return TOO_LARGE;
      default: {
        const width = this.random.next() < 0.1 ? 800 : 20;
        return Buffer.from(`${index}|${'.'.repeat(randomInt(this.random, width))}`);
      }
    }
  }

  #messageOf({ data, partitionKey }: PutEntry): AuditedMessage {
    if (!this.settings.wholeMessage) {
      return this.#message(
        data.byteLength === 0
          ? partitionKey.slice('null-'.length)
          : String(Number.parseInt(Buffer.from(data).toString('latin1', 0, 12), 10)),
      );
    }
    return this.#message(/"n":"(\d+)"/.exec(Buffer.from(data).toString())?.[1]);
  }

  #message(n: string | undefined): AuditedMessage {
    const message = this.audit.messages[Number(n)];
    if (message === undefined) {
      throw new Error(`there is no message ${n}`);
    }
    return message;
  }
}
