import type { DynamoApi, Item } from '../../src/aws/dynamo-api';
import { loadConfigObject } from '../../src/config';
import { explain } from '../../src/errors';
import { decodeLease } from '../../src/lease/serializer';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../src/pulsar/memory-transport';
import type { OutgoingMessage, Producer, ProducerTransport } from '../../src/pulsar/transport';
import { runSourceInstance } from '../../src/runtime/source-instance';
import { KinesisSource } from '../../src/source/kinesis-source';
import { silentLogger } from '../../src/util/logger';
import { type Random, randomInt, seededRandom } from '../../src/util/random';
import { LeaseLab, STREAM, TABLE } from './lease-lab';
import { SimulatedProcess, type Weather } from './simulated-process';
import { StreamAudit } from './stream-audit';

const TOPIC = 'orders';
const FAILOVER = 3000;

/** A defect put into one of the services, to prove that it is found. */
export type PlantedBug =
  | 'confirms and drops'
  | 'stores twice'
  | 'stores behind its successor'
  | 'ignores conditions'
  | 'forgets parents';

export interface WorldOptions {
  readonly seed: number;
  readonly start: 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP';
  readonly bug?: PlantedBug | undefined;
}

/** One process of the connector, from its start to its end. */
export interface Worker {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly stop: AbortController;
  /** Resolves when its run has ended; never for a killed one. */
  readonly ended: Promise<void>;
}

/** A stream, a lease table and a topic, and whole connectors between them, on one virtual clock. */
export class OneWorkerWorld {
  readonly random: Random;
  readonly lab: LeaseLab;
  readonly audit: StreamAudit;
  readonly broker: MemoryBroker;
  readonly weather: Weather = { lostWrites: 0, lostReads: 0, throttles: 0, slow: 0 };
  readonly #options: WorldOptions;
  readonly #dynamo: DynamoApi;
  readonly #config: ReturnType<typeof loadConfigObject>;
  readonly #ancestors = new Map<string, readonly string[]>();
  #workers = 0;
  #kept: OutgoingMessage | undefined;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = seededRandom(options.seed);
    this.lab = new LeaseLab(1 + randomInt(this.random, 3));
    const startAtTime = this.lab.clock.now() + 1000;
    this.audit = new StreamAudit(
      { TRIM_HORIZON: 0, LATEST: 'first row' as const, AT_TIMESTAMP: startAtTime }[options.start],
    );
    this.broker = new MemoryBroker({ latencyMs: randomInt(this.random, 40) });
    const store = this.broker.store.bind(this.broker);
    this.broker.store = (topic, message) =>
      this.#storedBy((stored) => {
        store(topic, stored);
        this.audit.stored(stored, (shardId) => this.#ancestorsOf(shardId));
      }, message);
    this.#dynamo = this.#audited(this.lab.dynamo);
    this.#config = loadConfigObject(
      {
        pulsar: { serviceUrl: 'memory://test' },
        aws: { region: 'us-east-1' },
        sources: [
          {
            tenant: 'public',
            namespace: 'default',
            name: 'worker',
            sourceType: 'kinesis',
            topicName: TOPIC,
            producerConfig: { sendTimeoutMs: 2000 },
            configs: {
              awsKinesisStreamName: STREAM,
              applicationName: TABLE,
              initialPositionInStream: options.start,
              ...(options.start === 'AT_TIMESTAMP' && { startAtTime }),
              useEnhancedFanOut: false,
              failoverTime: FAILOVER,
              checkpointInterval: 500 + randomInt(this.random, 2000),
              backoffTime: 100,
              maxBackoffTime: 1000,
              maxReadsPerSecondPerShard: 1,
              maxRecordsPerRead: 5 + randomInt(this.random, 20),
              kinesisRecordProperties: ['kinesis.shard.id'],
            },
          },
        ],
      },
      'test',
      { env: {} },
    );
  }

  put(count: number): void {
    for (let i = 0; i < count; i++) {
      const key = `key-${randomInt(this.random, 12)}`;
      this.audit.put(key, this.lab.clock.now(), (payload) => {
        const { ShardId, SequenceNumber } = this.lab.kinesis.model.call('PutRecord', {
          StreamName: STREAM,
          PartitionKey: key,
          Data: Buffer.from(payload).toString('base64'),
        });
        return { shardId: ShardId, sequenceNumber: SequenceNumber };
      });
    }
  }

  /** Splits a shard while there are few, and merges two neighbours while there are many. */
  reshard(): void {
    const open = this.#shards()
      .filter(({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber === undefined)
      .sort((a, b) =>
        BigInt(a.HashKeyRange.StartingHashKey) < BigInt(b.HashKeyRange.StartingHashKey) ? -1 : 1,
      );
    const place = randomInt(this.random, open.length);
    const [shard, next] = open.slice(place);
    if (shard !== undefined && next !== undefined && this.random.next() < open.length / 6) {
      this.lab.merge(shard.ShardId, next.ShardId);
    } else if (shard !== undefined && open.length < 6) {
      this.lab.split(shard.ShardId);
    }
  }

  startWorker(): Worker {
    const name = `w${++this.#workers}`;
    const { clock } = this.lab;
    const process = new SimulatedProcess(clock, this.random, this.weather);
    const [definition] = this.#config.sources;
    if (definition === undefined) {
      throw new Error('the configuration has one source');
    }
    const stop = new AbortController();
    const run = runSourceInstance({
      definition: { ...definition, name },
      pulsar: this.#config.pulsar,
      source: new KinesisSource({
        kinesis: () => process.kinesis(this.lab.kinesis),
        dynamo: () => process.dynamo(this.#dynamo),
        createMetricData: () => process.metricData({ putMetricData: () => Promise.resolve() }),
      }),
      shutdownTimeoutMs: 10_000,
      clock: process,
      random: this.random,
      logger: silentLogger,
      openTransport: (_pulsar, producer) =>
        this.#watched(name, new MemoryTransport(this.broker, producer, process)),
      stop: stop.signal,
    });
    const ended = run.then(
      () => undefined,
      (error) => {
        this.audit.violations.push(`worker ${name} failed: ${explain(error)}`);
      },
    );
    return { name, process, stop, ended };
  }

  /** Whether every shard is finished or held by one of `workers`, as the table says. */
  settled(workers: readonly Worker[]): boolean {
    return this.#shards().every(({ ShardId, SequenceNumberRange }) => {
      if (SequenceNumberRange.EndingSequenceNumber !== undefined) {
        return this.audit.finished(ShardId) || !this.audit.knows(ShardId);
      }
      const owner = this.#row(ShardId)?.owner;
      return workers.some(({ name }) => owner?.startsWith(`${name}-`));
    });
  }

  /** Unfinished shards whose row names an owner. */
  owned(): string[] {
    return this.lab
      .rows()
      .filter(({ leaseOwner, checkpoint }) => leaseOwner !== undefined && checkpoint !== 'SHARD_END')
      .map(({ leaseKey }) => String(leaseKey));
  }

  /** G4: nobody sends in the name of a lease that is another's. */
  #watched(name: string, transport: ProducerTransport): ProducerTransport {
    const createProducer = transport.createProducer.bind(transport);
    transport.createProducer = async <M extends OutgoingMessage>(
      options: Parameters<typeof createProducer<M>>[0],
    ): Promise<Producer<M>> => {
      const producer = await createProducer(options);
      const send = producer.send.bind(producer);
      producer.send = (message) => {
        const shardId = message.properties['kinesis.shard.id'] ?? '';
        const owner = this.#row(shardId)?.owner;
        if (owner?.startsWith(`${name}-`) !== true) {
          this.audit.violations.push(
            `G4 ${name} sent a record of ${shardId}, which ${owner ?? 'nobody'} holds`,
          );
        }
        send(message);
      };
      return producer;
    };
    return transport;
  }

  #audited(inner: DynamoApi): DynamoApi {
    const { bug } = this.#options;
    const look = (key: Item | undefined): void => {
      const row = this.#row(key?.leaseKey?.S ?? '');
      if (row !== undefined) {
        this.audit.wrote(row);
      }
    };
    return {
      ...inner,
      putItem: async (input) => {
        if (bug === 'forgets parents') {
          delete input.Item?.parentShardId;
        }
        await inner.putItem(input);
        look(input.Item);
      },
      updateItem: async (input) => {
        const condition =
          bug === 'ignores conditions' && `attribute_exists(leaseKey) OR (${input.ConditionExpression})`;
        const item = await inner.updateItem(condition ? { ...input, ConditionExpression: condition } : input);
        look(input.Key);
        return item;
      },
      deleteItem: async (input) => {
        const there = this.#row(input.Key?.leaseKey?.S ?? '');
        await inner.deleteItem(input);
        if (there !== undefined) {
          this.audit.deleted(there.shardId);
        }
      },
    };
  }

  #storedBy(store: (message: OutgoingMessage) => void, message: OutgoingMessage): void {
    const { bug } = this.#options;
    const copy = { ...plain(message) };
    const hit = bug !== undefined && this.random.next() < 0.05;
    if (bug === 'confirms and drops' && hit) {
      return;
    }
    if (bug === 'stores behind its successor' && hit && this.#kept === undefined) {
      this.#kept = copy;
      return;
    }
    store(copy);
    if (bug === 'stores twice' && hit) {
      store(copy);
    }
    if (this.#kept !== undefined) {
      store(this.#kept);
      this.#kept = undefined;
    }
  }

  #row(shardId: string) {
    const { Item } = this.lab.dynamo.model.invoke('GetItem', {
      TableName: TABLE,
      Key: { leaseKey: { S: shardId } },
    }) as { Item?: Item };
    return Item === undefined ? undefined : decodeLease(Item);
  }

  #shards() {
    return this.lab.kinesis.model.call('ListShards', { StreamName: STREAM }).Shards;
  }

  #ancestorsOf(shardId: string): readonly string[] {
    const known = this.#ancestors.get(shardId);
    if (known !== undefined) {
      return known;
    }
    const shard = this.#shards().find(({ ShardId }) => ShardId === shardId);
    const parents = [shard?.ParentShardId, shard?.AdjacentParentShardId].filter((id) => id !== undefined);
    const ancestors = [...new Set(parents.flatMap((id) => [id, ...this.#ancestorsOf(id)]))];
    this.#ancestors.set(shardId, ancestors);
    return ancestors;
  }
}

/** The value outlives its sender, which lets go of it. */
function plain({ key, value, eventTime, properties }: OutgoingMessage): OutgoingMessage {
  return { key, value: Uint8Array.from(value), eventTime, properties };
}
