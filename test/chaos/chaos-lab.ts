import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Item } from '../../src/aws/dynamo-api';
import { type Emulator, startEmulator } from '../../src/emulator';
import { messageOf } from '../../src/errors';
import { isFinished, type Lease } from '../../src/lease/lease';
import { decodeLease } from '../../src/lease/serializer';
import { sleep, systemClock } from '../../src/util/clock';
import { ArrivalTally } from '../support/arrival-tally';
import { ConnectorProcess } from './connector-process';
import { Load } from './load';
import { STREAM, TABLE, workerConfig } from './worker-config';

const LOOK_MS = 20;
/** Default of the connector, milliseconds. */
export const FAILOVER_MS = 10_000;
/** Milliseconds between two renewals, and what a loaded machine may add. */
export const RENEWAL_MS = FAILOVER_MS / 3 + 250;

export interface LabOptions {
  readonly shards: number;
  readonly recordsPerSecond: number;
  readonly keys: number;
}

/**
 * A stream under steady load and connectors of its own process each. The emulator shares the process of the reader:
 * what a worker wrote before it gave a lease up is read before the next worker can have an answer to anything.
 */
export class ChaosLab {
  readonly tally = new ArrivalTally();
  readonly emulator: Emulator;
  readonly folder = mkdtempSync(join(tmpdir(), 'chaos-'));
  readonly processes: ConnectorProcess[] = [];
  readonly load: Load;
  /** Arrivals by a worker whose lease had gone to another while it was paused. */
  lateArrivals = 0;
  readonly #lost = new Map<string, Set<string>>();

  private constructor(emulator: Emulator, options: LabOptions) {
    this.emulator = emulator;
    this.emulator.kinesis.call('CreateStream', { StreamName: STREAM, ShardCount: options.shards });
    const { tally } = this;
    this.load = new Load({ ...options, kinesis: emulator.kinesis, stream: STREAM, tally });
  }

  static async open(options: LabOptions): Promise<ChaosLab> {
    return new ChaosLab(await startEmulator(), options);
  }

  /** Workers are named w1, w2 and so on; no name comes twice. */
  start(): ConnectorProcess {
    const name = `w${this.processes.length + 1}`;
    const configFile = join(this.folder, `${name}.json`);
    writeFileSync(configFile, JSON.stringify(workerConfig(name, this.emulator)));
    const started = new ConnectorProcess({
      name,
      configFile,
      logFile: join(this.folder, `${name}.log`),
      onLine: (line, at) => this.#arrived(name, JSON.parse(line) as StdoutMessage, at),
    });
    this.processes.push(started);
    return started;
  }

  get running(): ConnectorProcess[] {
    return this.processes.filter(({ running }) => running);
  }

  /** Unfinished leases. */
  leases(): Lease[] {
    return this.#rows().filter((lease) => !isFinished(lease));
  }

  /** Names of the workers that the rows show, by shard; shards that nobody holds are left out. */
  owners(): Map<string, string> {
    return new Map(this.leases().flatMap(({ shardId, owner }) => (owner ? [[shardId, nameIn(owner)]] : [])));
  }

  /** Name of the worker that the shard's row shows. */
  ownerOf(shardId: string): string | undefined {
    const { Item: item } = this.emulator.dynamodb.invoke('GetItem', {
      TableName: TABLE,
      Key: { leaseKey: { S: shardId } },
    }) as { Item?: Item };
    const owner = item?.leaseOwner?.S;
    return owner === undefined ? undefined : nameIn(owner);
  }

  shardsOf(worker: ConnectorProcess): Set<string> {
    return new Set(
      [...this.owners()].flatMap(([shardId, owner]) => (owner === worker.name ? [shardId] : [])),
    );
  }

  /** Whether every shard is held, and by the running workers in even shares. */
  balanced(): boolean {
    const leases = this.leases();
    const shares = this.running.map((worker) => this.shardsOf(worker).size);
    const held = shares.reduce((sum, share) => sum + share, 0);
    return leases.length > 0 && held === leases.length && Math.max(...shares) - Math.min(...shares) <= 1;
  }

  /** From now on what this worker sends for these shards is late, until it holds them anew. */
  watchLost(worker: ConnectorProcess, shardIds: Set<string>): void {
    this.#lost.set(worker.name, shardIds);
  }

  /** Every open shard with its range, by range. */
  openShards(): { shardId: string; start: bigint; end: bigint }[] {
    const { Shards } = this.emulator.kinesis.call('ListShards', { StreamName: STREAM });
    return Shards.filter(({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber === undefined)
      .map(({ ShardId, HashKeyRange }) => ({
        shardId: ShardId,
        start: BigInt(HashKeyRange.StartingHashKey),
        end: BigInt(HashKeyRange.EndingHashKey),
      }))
      .sort((a, b) => (a.start < b.start ? -1 : 1));
  }

  split(shardId: string, at: bigint): void {
    const input = { StreamName: STREAM, ShardToSplit: shardId, NewStartingHashKey: at.toString() };
    this.emulator.kinesis.call('SplitShard', input);
  }

  merge(left: string, right: string): void {
    const input = { StreamName: STREAM, ShardToMerge: left, AdjacentShardToMerge: right };
    this.emulator.kinesis.call('MergeShards', input);
  }

  /** @throws when a worker has ended that nobody stopped */
  requireAlive(): void {
    for (const { name, crash, errors } of this.processes) {
      if (crash !== undefined) {
        const how = `code ${crash.code ?? 'none'}, signal ${crash.signal ?? 'none'}`;
        throw new Error(`${name} ended by itself (${how}): ${errors.at(-1) ?? 'no error logged'}`);
      }
    }
  }

  /** Resolves when `reached` holds. @throws when it takes longer, or a worker ends that nobody stopped. */
  async until(what: string, limitMs: number, reached: () => boolean): Promise<void> {
    const from = systemClock.monotonic();
    while (!reached()) {
      this.requireAlive();
      if (systemClock.monotonic() - from > limitMs) {
        throw new Error(`waited ${limitMs} ms for ${what}`);
      }
      await sleep(systemClock, LOOK_MS);
    }
  }

  /** Resolves when everything put up to now has arrived. @throws when it does not, naming the shards that lack some */
  async delivered(limitMs = 30_000): Promise<void> {
    const { tally } = this;
    const count = tally.sentCount;
    try {
      await this.until(`all of ${count} records to arrive`, limitMs, () => tally.complete >= count);
    } catch (error) {
      const shards = [
        ...new Set(tally.missing().map(({ shardId }) => `${shardId} of ${this.ownerOf(shardId)}`)),
      ];
      throw new Error(`${messageOf(error)}; ${tally.missingCount} are missing: ${shards.join(', ')}`);
    }
  }

  /** Ends every process, gracefully. */
  async stopAll(): Promise<void> {
    await Promise.all(this.running.map((worker) => worker.stop()));
  }

  /** @param keep leaves the logs where they are */
  async close(keep: boolean): Promise<void> {
    this.load.stop();
    for (const worker of this.processes) {
      worker.kill();
    }
    await Promise.all(this.processes.map(({ ended }) => ended));
    await this.emulator.close();
    if (!keep) {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  #rows(): Lease[] {
    if (!this.processes.length) {
      return [];
    }
    try {
      const { Items } = this.emulator.dynamodb.invoke('Scan', { TableName: TABLE }) as { Items: Item[] };
      return Items.map(decodeLease).filter((lease) => lease !== undefined);
    } catch {
      // The first worker has not created it yet.
      return [];
    }
  }

  #arrived(worker: string, message: StdoutMessage, at: number): void {
    const { key, value, properties } = message;
    const shardId = properties['kinesis.shard.id'];
    const lost = this.#lost.get(worker);
    if (shardId !== undefined && lost?.has(shardId)) {
      if (this.ownerOf(shardId) === worker) {
        lost.delete(shardId);
      } else {
        this.lateArrivals++;
      }
    }
    this.tally.arrived({
      number: Number(Buffer.from(value, 'base64').toString()),
      key,
      shardId,
      sequenceNumber: properties['kinesis.sequence.number'],
      worker,
      at,
    });
  }
}

interface StdoutMessage {
  readonly key: string | null;
  readonly properties: { readonly [name: string]: string };
  readonly value: string;
}

/** Worker ids begin with the name of the connector. */
function nameIn(workerId: string): string {
  return workerId.slice(0, workerId.indexOf('-'));
}
