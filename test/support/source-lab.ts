import { loadConfigObject } from '../../src/config';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator';
import { createTransport } from '../../src/pulsar/create-transport';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import type { ProducerTransport } from '../../src/pulsar/transport';
import type { RunOutcome } from '../../src/runtime/run-outcome';
import { runSourceInstance } from '../../src/runtime/source-instance';
import { systemClock } from '../../src/util/clock';
import { type LogFields, type Logger, silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { DeliveryCheck, type DeliveryReport } from './delivery-check';
import { MeasuredSource } from './measured-source';

const STREAM = 'orders';
const TOPIC = 'orders';

/** One run of the connector in this process. */
export interface LabRun {
  /** Stops it gracefully. */
  stop(): Promise<RunOutcome>;
  readonly ended: Promise<RunOutcome>;
  readonly warnings: readonly string[];
  /** Sum of what was recorded into a counter so far. @param reason of those that have reasons */
  count(metric: string, reason?: string): number;
  /** Largest value of a gauge so far. */
  most(metric: string): number;
}

interface PutRecord {
  readonly key: string;
  readonly payload: Buffer;
}

/** Kinesis and DynamoDB over HTTP, a topic in memory, and the connector between them, all in this process. */
export class SourceLab {
  readonly emulator: Emulator;
  readonly broker = new MemoryBroker();
  readonly #put: PutRecord[] = [];

  private constructor(emulator: Emulator, shards: number) {
    this.emulator = emulator;
    emulator.kinesis.call('CreateStream', { StreamName: STREAM, ShardCount: shards });
  }

  static async open(shards: number, options: EmulatorOptions = {}): Promise<SourceLab> {
    return new SourceLab(await startEmulator(options), shards);
  }

  close(): Promise<void> {
    return this.emulator.close();
  }

  /** Puts `count` numbered records over `keys` partition keys. */
  put(count: number, keys = 20): void {
    for (let i = 0; i < count; i++) {
      const n = this.#put.length;
      this.putOne(`key-${n % keys}`, `record ${n}`);
    }
  }

  putOne(key: string, data: string | Buffer): void {
    const payload = Buffer.from(data as string);
    this.#put.push({ key, payload });
    const Data = payload.toString('base64');
    this.emulator.kinesis.call('PutRecord', { StreamName: STREAM, PartitionKey: key, Data });
  }

  /** Counts records that are put in another way, so that they are expected in the topic. @returns `count` new ones */
  expect(count: number, keys = 20): PutRecord[] {
    const first = this.#put.length;
    const records = Array.from({ length: count }, (_, index) => {
      const n = first + index;
      return { key: `key-${n % keys}`, payload: Buffer.from(`record ${n}`) };
    });
    this.#put.push(...records);
    return records;
  }

  /** Records put so far. */
  get putCount(): number {
    return this.#put.length;
  }

  /** Splits the `n`th open shard in the middle. */
  split(n: number): void {
    const shard = this.openShards()[n];
    if (shard === undefined) {
      throw new Error(`there is no open shard ${n}`);
    }
    const { StartingHashKey, EndingHashKey } = shard.HashKeyRange;
    const middle = (BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n;
    this.emulator.kinesis.call('SplitShard', {
      StreamName: STREAM,
      ShardToSplit: shard.ShardId,
      NewStartingHashKey: String(middle),
    });
  }

  /** Merges the `n`th open shard, in the order of hash keys, with the one behind it. */
  merge(n: number): void {
    const sorted = this.openShards().sort((a, b) =>
      BigInt(a.HashKeyRange.StartingHashKey) < BigInt(b.HashKeyRange.StartingHashKey) ? -1 : 1,
    );
    this.emulator.kinesis.call('MergeShards', {
      StreamName: STREAM,
      ShardToMerge: sorted[n]?.ShardId ?? '',
      AdjacentShardToMerge: sorted[n + 1]?.ShardId ?? '',
    });
  }

  openShards() {
    const { Shards } = this.emulator.kinesis.call('ListShards', { StreamName: STREAM });
    return Shards.filter((shard) => shard.SequenceNumberRange.EndingSequenceNumber === undefined);
  }

  tableExists(): boolean {
    const { TableNames } = this.emulator.dynamodb.invoke('ListTables', {}) as { TableNames: string[] };
    return TableNames.includes('app');
  }

  /** Rows of the lease table, plain. */
  rows(): {
    readonly [attribute: string]: { readonly S?: string; readonly N?: string; readonly SS?: string[] };
  }[] {
    const { Items } = this.emulator.dynamodb.invoke('Scan', { TableName: 'app' }) as {
      Items: { readonly [attribute: string]: { readonly S?: string } }[];
    };
    return Items;
  }

  start(
    configs: { readonly [name: string]: unknown } = {},
    options: {
      readonly untilCaughtUp?: boolean;
      readonly processingGuarantees?: string;
      readonly shutdownTimeoutMs?: number;
      /** Lies over the transport. */
      readonly wrap?: (transport: ProducerTransport) => ProducerTransport;
      /** Fields of the source beside `configs`. */
      readonly source?: { readonly [name: string]: unknown };
    } = {},
  ): LabRun {
    const stop = new AbortController();
    const warnings: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (fields: LogFields, message) => warnings.push(`${message} ${JSON.stringify(fields)}`),
      child: () => logger,
    };
    const { processingGuarantees = 'ATLEAST_ONCE', wrap = (transport) => transport } = options;
    const raw = this.#config(configs, { processingGuarantees, ...options.source });
    const config = loadConfigObject(raw, 'test', { env: {} });
    const [definition] = config.sources;
    if (definition === undefined) {
      throw new Error('the configuration has one source');
    }
    const source = new MeasuredSource();
    const ended = runSourceInstance({
      definition,
      pulsar: config.pulsar,
      source,
      shutdownTimeoutMs: options.shutdownTimeoutMs ?? 10_000,
      clock: systemClock,
      random: systemRandom,
      logger,
      openTransport: (pulsar, producer) =>
        wrap(
          createTransport(pulsar, producer, {
            clock: systemClock,
            random: systemRandom,
            logger,
            stdout: process.stdout,
            memory: this.broker,
          }),
        ),
      stop: stop.signal,
      untilCaughtUp: options.untilCaughtUp ?? false,
    });
    ended.catch(() => undefined);
    return {
      ended,
      warnings,
      count: (metric, reason) => source.count(metric, reason),
      most: (metric) => source.most(metric),
      stop: () => {
        stop.abort(new Error('the test stops it'));
        return ended;
      },
    };
  }

  /** Resolves when `count` messages were stored, duplicates included. */
  async stored(count: number, topic = TOPIC): Promise<void> {
    while (this.broker.stored(topic) < count) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** What became of everything put. */
  report(): DeliveryReport {
    const check = new DeliveryCheck(this.#put, ({ payload }) =>
      Number(/\d+/.exec(Buffer.from(payload).toString())?.[0]),
    );
    for (const { key, value } of this.broker.messages(TOPIC)) {
      check.add({ key, payload: value });
    }
    return check.report();
  }

  #config(configs: object, source: object): { [name: string]: unknown } {
    return {
      pulsar: { serviceUrl: 'memory://test' },
      aws: {
        region: 'us-east-1',
        credentials: { type: 'static', accessKeyId: 'test', secretAccessKey: 'test' },
        endpoints: { kinesis: this.emulator.kinesisEndpoint, dynamodb: this.emulator.dynamodbEndpoint },
      },
      sources: [
        {
          tenant: 'public',
          namespace: 'default',
          name: 'test',
          sourceType: 'kinesis',
          topicName: TOPIC,
          ...source,
          configs: {
            awsKinesisStreamName: STREAM,
            applicationName: 'app',
            initialPositionInStream: 'TRIM_HORIZON',
            useEnhancedFanOut: false,
            backoffTime: 20,
            ...configs,
          },
        },
      ],
    };
  }
}

/** A report without any loss, repetition, disorder or damage. */
export function cleanReport(count: number): DeliveryReport {
  return { sent: count, arrived: count, lost: [], duplicated: [], outOfOrder: [], altered: [], unknown: 0 };
}
