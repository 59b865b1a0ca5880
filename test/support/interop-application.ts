import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../src/aws/dynamo-api';
import { isFinished, type Lease } from '../../src/lease/lease';
import { decodeLease } from '../../src/lease/serializer';
import { sleep, systemClock } from '../../src/util/clock';
import { ArrivalTally, type SentRecord } from './arrival-tally';
import type { InteropLab } from './interop-lab';
import {
  type KclEvent,
  type KclOptions,
  startKcl,
  startOurs,
  type WorkerOptions,
  type WorkerRecord,
} from './interop-worker';
import type { LineProcess } from './line-process';

const KEYS = 40;
const KEY_SPACE = 2n ** 128n;
const LOOK_MS = 50;
const PATIENCE_MS = 90_000;

export const FAULTLESS = { missing: 0, altered: [], disorders: [] };

/** One stream, read by one application: workers of ours and of the KCL on one lease table. */
export class Application {
  readonly tally = new ArrivalTally();
  /** By their numbers. */
  readonly sent: SentRecord[] = [];
  readonly events: KclEvent[] = [];
  readonly dynamo: DynamoDBClient;
  readonly #processes: LineProcess[] = [];

  /** @param name names the stream and the table */
  constructor(
    private readonly lab: InteropLab,
    readonly name: string,
    shards: number,
  ) {
    this.dynamo = new DynamoDBClient({
      endpoint: lab.dynamodbEndpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    lab.emulator.kinesis.call('CreateStream', { StreamName: name, ShardCount: shards });
  }

  /** Puts records with ascending numbers, key by key in turn, evenly over the hash keys. */
  put(count: number): void {
    for (let rest = count; rest > 0; rest--) {
      const place = this.sent.length % KEYS;
      const key = `key-${place}`;
      const { ShardId, SequenceNumber } = this.lab.emulator.kinesis.call('PutRecord', {
        StreamName: this.name,
        PartitionKey: key,
        ExplicitHashKey: ((KEY_SPACE * BigInt(2 * place + 1)) / BigInt(2 * KEYS)).toString(),
        Data: Buffer.from(String(this.sent.length)).toString('base64'),
      });
      const record = { key, shardId: ShardId, sequenceNumber: SequenceNumber, at: systemClock.monotonic() };
      this.sent.push(record);
      this.tally.sent(record);
    }
  }

  /** Starts the connector of that name. @param configs options of the source over those every one has */
  ours(name: string, configs: { readonly [option: string]: unknown } = {}): LineProcess {
    return this.#started(startOurs(this.#worker(name), configs));
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
    return { missing, altered, disorders };
  }

  /** The lease table as it stands; empty while there is none. */
  async rows(): Promise<Item[]> {
    try {
      const scan = new ScanCommand({ TableName: this.name, ConsistentRead: true });
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

  split(shardId: string, hash: bigint): void {
    this.lab.emulator.kinesis.call('SplitShard', {
      StreamName: this.name,
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
      name,
      onRecord: (record) => this.#arrived(name, record),
    };
  }

  #started(worker: LineProcess): LineProcess {
    this.#processes.push(worker);
    return worker;
  }

  #arrived(worker: string, { key, data, shard, sequence }: WorkerRecord): void {
    this.tally.arrived({
      number: Number(Buffer.from(data, 'base64').toString()),
      key,
      shardId: shard,
      sequenceNumber: sequence,
      worker,
      at: systemClock.monotonic(),
    });
  }
}

/** A worker of ours is called by its connector's name and more, one of the KCL as it was told. */
function isNamed(owner: string | undefined, name: string): boolean {
  return owner === name || owner?.startsWith(`${name}-`) === true;
}
