import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../src/aws/dynamo-api';
import { isFinished, type Lease } from '../../src/lease/lease';
import { decodeLease } from '../../src/lease/serializer';
import { AggregateWriter } from '../../src/stream/aggregate-writer';
import { sleep, systemClock } from '../../src/util/clock';
import { ArrivalTally, type SentRecord } from './arrival-tally';
import type { InteropLab } from './interop-lab';
import {
  type InteropStream,
  type KclEvent,
  type KclOptions,
  startKcl,
  startOurs,
  type WorkerOptions,
  type WorkerRecord,
  writeConfig,
} from './interop-worker';
import type { LineProcess } from './line-process';

const KEYS = 40;
const KEY_SPACE = 2n ** 128n;
const MAX_RECORD_BYTES = 1 << 20;
const LOOK_MS = 50;
const PATIENCE_MS = 90_000;

export const FAULTLESS = { missing: 0, altered: [], disorders: [] };

/** A record for users, alone or part of a frame. */
export interface UserRecordSent extends SentRecord {
  /** Of the frame it is in, else 0. */
  readonly subSequenceNumber: number;
  /** What readers are told; that of a record alone is not. */
  readonly explicitHashKey: string | undefined;
}

/** Streams read by one application: workers of ours and of the KCL on one lease table. */
export class Application {
  readonly tally = new ArrivalTally();
  /** By their numbers. */
  readonly sent: UserRecordSent[] = [];
  readonly events: KclEvent[] = [];
  readonly dynamo: DynamoDBClient;
  readonly #processes: LineProcess[] = [];
  readonly #streams: readonly InteropStream[];
  /** Arrivals with another sub-sequence number or explicit hash key than the record has. */
  readonly #strays: WorkerRecord[] = [];

  /**
   * @param name names the application and its table
   * @param shards of each stream
   */
  constructor(
    private readonly lab: InteropLab,
    readonly name: string,
    private readonly shards: number,
    streams: readonly string[] = [name],
  ) {
    this.dynamo = new DynamoDBClient({
      endpoint: lab.dynamodbEndpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    this.#streams = streams.map((stream) => {
      lab.emulator.kinesis.call('CreateStream', { StreamName: stream, ShardCount: shards });
      const { StreamDescriptionSummary: summary } = lab.emulator.kinesis.call('DescribeStreamSummary', {
        StreamName: stream,
      });
      const created = Math.floor(summary.StreamCreationTimestamp);
      return { name: stream, id: `${summary.StreamARN.split(':')[4]}:${stream}:${created}` };
    });
  }

  /** Has a connector make the rows: on an empty table the KCL waits up to 30 s. */
  async createTable(): Promise<void> {
    const before = this.ours('before');
    await this.until(
      'every row',
      async () => (await this.leases()).length === this.shards * this.#streams.length,
    );
    const end = await before.stop('SIGTERM');
    if (end.code !== 0) {
      throw new Error(`it ended with ${JSON.stringify(end)}\n${before.log}`);
    }
  }

  /** Puts records with ascending numbers, key by key in turn, evenly over streams and hash keys. */
  put(count: number): void {
    for (let rest = count; rest > 0; rest--) {
      const { key, hashKey, stream, data } = this.#next();
      const { ShardId, SequenceNumber } = this.lab.emulator.kinesis.call('PutRecord', {
        StreamName: stream,
        PartitionKey: key,
        ExplicitHashKey: hashKey,
        Data: data.toString('base64'),
      });
      this.#sent(key, this.#shardName(stream, ShardId), SequenceNumber, 0, undefined);
    }
  }

  /** Puts such records in one frame of ours, every other key with an explicit hash key. One stream, one open shard. */
  putFrame(count: number): void {
    const writer = new AggregateWriter(MAX_RECORD_BYTES);
    const members = [];
    for (let number = this.sent.length; number < this.sent.length + count; number++) {
      const { place, key, hashKey, data } = this.#next(number);
      const explicitHashKey = place % 2 === 0 ? hashKey : undefined;
      if (
        !writer.add({ data, partitionKey: key, ...(explicitHashKey !== undefined && { explicitHashKey }) })
      ) {
        throw new RangeError(`${count} records are too many for one frame`);
      }
      members.push({ key, explicitHashKey });
    }
    const frame = writer.finish();
    const { ShardId, SequenceNumber } = this.lab.emulator.kinesis.call('PutRecord', {
      StreamName: this.name,
      PartitionKey: frame.partitionKey,
      ExplicitHashKey: frame.explicitHashKey,
      Data: Buffer.from(frame.data).toString('base64'),
    });
    for (const [index, { key, explicitHashKey }] of members.entries()) {
      this.#sent(key, ShardId, SequenceNumber, index, explicitHashKey);
    }
  }

  /** Starts the connector of that name. @param configs options of the source over those every one has */
  ours(name: string, configs: { readonly [option: string]: unknown } = {}): LineProcess {
    return this.#started(startOurs(this.#worker(name), configs));
  }

  /** The configuration file of a connector that need not run. @param configs see ours */
  configFile(name: string, configs: { readonly [option: string]: unknown }): string {
    return writeConfig(this.#worker(name), configs);
  }

  /** Starts a worker of the KCL with that worker id. */
  async kcl(name: string, options: KclOptions = {}): Promise<LineProcess> {
    return this.#started(await startKcl(this.#worker(name), options, (event) => this.events.push(event)));
  }

  /** Resolves when `reached` holds. @throws when it takes longer, or a process ends that nobody stopped. */
  async until(what: string, reached: () => boolean | Promise<boolean>, limitMs = PATIENCE_MS): Promise<void> {
    for (const from = systemClock.monotonic(); !(await reached()); ) {
      const crashed = this.#processes.find(({ crash }) => crash !== undefined);
      if (crashed !== undefined) {
        throw new Error(`${crashed.name} ended with ${JSON.stringify(crashed.crash)}\n${crashed.log}`);
      }
      if (systemClock.monotonic() - from > limitMs) {
        const logs = this.#processes.map(({ name, log }) => `== ${name}\n${log.slice(-8_000)}`).join('\n');
        const rows = JSON.stringify(await this.rows(), undefined, 1);
        throw new Error(`waited ${limitMs} ms for ${what}\n${logs}\n== rows\n${rows}`);
      }
      await sleep(systemClock, LOOK_MS);
    }
  }

  /** Resolves when so many different records have arrived. */
  arrived(count: number): Promise<void> {
    return this.until(`${count} records`, () => this.sent.length - this.tally.missingCount >= count);
  }

  /** Resolves when every record put up to now has arrived. */
  delivered(): Promise<void> {
    return this.arrived(this.sent.length);
  }

  /** What went wrong with the records up to now, whoever sent them. */
  faults(): object {
    const { missingCount: missing, altered, disorders } = this.tally;
    return { missing, altered: [...altered, ...this.#strays], disorders };
  }

  /** The lease table as it stands; empty while there is none. */
  async rows(TableName = this.name): Promise<Item[]> {
    try {
      const scan = new ScanCommand({ TableName, ConsistentRead: true });
      return (await this.dynamo.send(scan)).Items ?? [];
    } catch (error) {
      if ((error as Error).name === 'ResourceNotFoundException') {
        return [];
      }
      throw error;
    }
  }

  async leases(): Promise<Lease[]> {
    return (await this.rows()).map(decodeLease).filter((lease) => lease !== undefined);
  }

  /** How many unfinished leases the rows give to the worker of that name. */
  async shareOf(name: string): Promise<number> {
    const leases = await this.leases();
    return leases.filter((lease) => !isFinished(lease) && isNamed(lease.owner, name)).length;
  }

  /** Names of the registered consumers of the stream of the application's name. */
  consumers(): string[] {
    const { kinesis } = this.lab.emulator;
    const { StreamDescriptionSummary } = kinesis.call('DescribeStreamSummary', { StreamName: this.name });
    const { StreamARN } = StreamDescriptionSummary;
    return kinesis
      .call('ListStreamConsumers', { StreamARN })
      .Consumers.map(({ ConsumerName }) => ConsumerName);
  }

  /** @param stream that of the application's name when absent */
  split(shardId: string, hash: bigint, stream = this.name): void {
    this.lab.emulator.kinesis.call('SplitShard', {
      StreamName: stream,
      ShardToSplit: shardId,
      NewStartingHashKey: hash.toString(),
    });
  }

  merge(shardId: string, adjacent: string): void {
    this.lab.emulator.kinesis.call('MergeShards', {
      StreamName: this.name,
      ShardToMerge: shardId,
      AdjacentShardToMerge: adjacent,
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((one) => one.stop('SIGKILL')));
    this.dynamo.destroy();
  }

  #worker(name: string): WorkerOptions {
    return {
      lab: this.lab,
      application: this.name,
      streams: this.#streams,
      name,
      onRecord: (record) => this.#arrived(name, record),
    };
  }

  #started(worker: LineProcess): LineProcess {
    this.#processes.push(worker);
    return worker;
  }

  #next(number = this.sent.length) {
    const place = number % KEYS;
    return {
      place,
      key: `key-${place}`,
      hashKey: ((KEY_SPACE * BigInt(2 * place + 1)) / BigInt(2 * KEYS)).toString(),
      stream: this.#streams[place % this.#streams.length]?.name ?? this.name,
      data: Buffer.from(String(number)),
    };
  }

  #sent(
    key: string,
    shardId: string,
    sequenceNumber: string,
    subSequenceNumber: number,
    explicitHashKey: string | undefined,
  ): void {
    const at = systemClock.monotonic();
    const record = { key, shardId, sequenceNumber, subSequenceNumber, explicitHashKey, at };
    this.sent.push(record);
    this.tally.sent(record);
  }

  /** A shard as the tally knows it. */
  #shardName(stream: string | undefined, shardId: string | undefined): string {
    return this.#streams.length === 1 ? `${shardId}` : `${stream}/${shardId}`;
  }

  #arrived(worker: string, record: WorkerRecord): void {
    const number = Number(Buffer.from(record.data, 'base64').toString());
    const sent = this.sent[number];
    if (
      sent !== undefined &&
      (sent.subSequenceNumber !== record.subSequence || sent.explicitHashKey !== record.hashKey)
    ) {
      this.#strays.push(record);
    }
    this.tally.arrived({
      number,
      key: record.key,
      shardId: this.#shardName(record.stream, record.shard),
      sequenceNumber: record.sequence,
      worker,
      at: systemClock.monotonic(),
    });
  }
}

/** A worker of ours is called by its connector's name and more, one of the KCL as it was told. */
function isNamed(owner: string | undefined, name: string): boolean {
  return owner === name || owner?.startsWith(`${name}-`) === true;
}
