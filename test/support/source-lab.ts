import { loadConfigObject } from '../../src/config';
import { type Emulator, startEmulator } from '../../src/emulator';
import { createTransport } from '../../src/pulsar/create-transport';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import type { RunOutcome } from '../../src/runtime/run-outcome';
import { runSourceInstance } from '../../src/runtime/source-instance';
import { KinesisSource } from '../../src/source/kinesis-source';
import { systemClock } from '../../src/util/clock';
import { type LogFields, type Logger, silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { DeliveryCheck, type DeliveryReport } from './delivery-check';

const STREAM = 'orders';
const TOPIC = 'orders';

/** One run of the connector in this process. */
export interface LabRun {
  /** Stops it gracefully. */
  stop(): Promise<RunOutcome>;
  readonly ended: Promise<RunOutcome>;
  readonly warnings: readonly string[];
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

  static async open(shards: number): Promise<SourceLab> {
    return new SourceLab(await startEmulator(), shards);
  }

  close(): Promise<void> {
    return this.emulator.close();
  }

  /** Puts `count` numbered records over `keys` partition keys. */
  put(count: number, keys = 20): void {
    for (let i = 0; i < count; i++) {
      const n = this.#put.length;
      const record = { key: `key-${n % keys}`, payload: Buffer.from(`record ${n}`) };
      this.#put.push(record);
      this.emulator.kinesis.call('PutRecord', {
        StreamName: STREAM,
        PartitionKey: record.key,
        Data: record.payload.toString('base64'),
      });
    }
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
    } = {},
  ): LabRun {
    const stop = new AbortController();
    const warnings: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (fields: LogFields, message) => warnings.push(`${message} ${JSON.stringify(fields)}`),
      child: () => logger,
    };
    const config = loadConfigObject(this.#config(configs, options.processingGuarantees), 'test', { env: {} });
    const [definition] = config.sources;
    if (definition === undefined) {
      throw new Error('the configuration has one source');
    }
    const ended = runSourceInstance({
      definition,
      pulsar: config.pulsar,
      source: new KinesisSource(),
      shutdownTimeoutMs: options.shutdownTimeoutMs ?? 10_000,
      clock: systemClock,
      random: systemRandom,
      logger,
      openTransport: (pulsar, producer) =>
        createTransport(pulsar, producer, {
          clock: systemClock,
          random: systemRandom,
          logger,
          stdout: process.stdout,
          memory: this.broker,
        }),
      stop: stop.signal,
      untilCaughtUp: options.untilCaughtUp ?? false,
    });
    ended.catch(() => undefined);
    return {
      ended,
      warnings,
      stop: () => {
        stop.abort(new Error('the test stops it'));
        return ended;
      },
    };
  }

  /** Resolves when `count` messages were stored, duplicates included. */
  async stored(count: number): Promise<void> {
    while (this.broker.stored(TOPIC) < count) {
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

  #config(configs: object, processingGuarantees = 'ATLEAST_ONCE'): { [name: string]: unknown } {
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
          processingGuarantees,
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
