import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../src/cli/program';
import { loadConfigObject } from '../../src/config';
import { type Emulator, startEmulator } from '../../src/emulator';
import type { Permission } from '../../src/iam/permission';
import type { IdentityPolicies } from '../../src/iam/policies';
import type { TrustDocument } from '../../src/iam/trust-policy';
import { createTransport } from '../../src/pulsar/create-transport';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { HealthBoard } from '../../src/runtime/health';
import { supervise } from '../../src/runtime/supervisor';
import { type Clock, systemClock } from '../../src/util/clock';
import { systemRandom } from '../../src/util/random';
import { fastClock } from './fast-clock';
import { type Grant, matches } from './iam-grants';
import { LogLines } from './log-lines';

export const ACCOUNT = '000000000000';
export const OTHER_ACCOUNT = '111111111111';
/** Of the process, and of the lease table where that has another one. */
export const KEYS = { own: 'AKIDOWN', table: 'AKIDTABLE' } as const;
const OWN_ARN = `arn:aws:iam::${ACCOUNT}:user/connectors`;
/** Milliseconds until something that should have happened has not. */
const PATIENCE_MS = 25_000;
/** Times as fast, where rows are waited for to be deleted: that takes 30 times failoverTime. */
const HASTE = 10;
export const FAILOVER_TIME = 1000;

/** A configuration, what is there before it runs, and how it shows that it works. */
export interface IamCase {
  readonly name: string;
  /** `sources` and `sinks` of the file. */
  readonly connectors: object;
  /** Flags of `iam policy`. */
  readonly flags?: readonly string[];
  /** Fills the emulator; nothing is enforced yet. */
  prepare(lab: IamLab): void | Promise<void>;
  /** Uses the configuration. @throws what it ends with */
  work(lab: IamLab): Promise<void>;
}

/** What `iam` prints for a case. */
export interface Printed {
  readonly policies: readonly IdentityPolicies[];
  readonly permissions: readonly Permission[];
  readonly trusts: readonly { readonly role: string; readonly document: TrustDocument }[];
}

/** AWS with its permissions enforced, topics in memory, and connectors between them. */
export class IamLab {
  readonly broker = new MemoryBroker();
  readonly log = new LogLines();
  readonly #folder = mkdtempSync(join(tmpdir(), 'iam-lab-'));
  /** What is to be used before the connectors may stop; nothing when the work is enough. */
  wanted: readonly Grant[] = [];

  private constructor(
    readonly emulator: Emulator,
    private readonly one: IamCase,
  ) {
    writeFileSync(this.file, JSON.stringify(this.#config()));
  }

  static async open(one: IamCase): Promise<IamLab> {
    return new IamLab(await startEmulator(), one);
  }

  async close(): Promise<void> {
    await this.emulator.close();
    rmSync(this.#folder, { recursive: true });
  }

  get file(): string {
    return join(this.#folder, 'connectors.json');
  }

  /** What the commands print for the configuration. */
  async printed(): Promise<Printed> {
    const { flags = [] } = this.one;
    const policy = ['iam', 'policy', '-c', this.file, '--account', ACCOUNT, ...flags, '--json'];
    const policies: IdentityPolicies[] = JSON.parse((await this.cli(policy)).stdout);
    const permissions: Permission[] = JSON.parse((await this.cli([...policy, '--explain'])).stdout);
    const trust = ['iam', 'trust-policy', '-c', this.file, '--principal', OWN_ARN, '--json'];
    const { code, stdout } = await this.cli(trust);
    return { policies, permissions, trusts: code === 0 ? JSON.parse(stdout) : [] };
  }

  /** From now on everybody may do what the policies say, and nothing else. */
  enforce(policies: readonly IdentityPolicies[], trusts: Printed['trusts']): void {
    const { iam } = this.emulator;
    iam.attach(KEYS.own, [], { arn: OWN_ARN });
    for (const { identity, documents } of policies) {
      if (identity?.startsWith('arn:')) {
        const trust = trusts.find(({ role }) => role === identity)?.document;
        if (trust === undefined) {
          throw new Error(`nothing says who may become ${identity}`);
        }
        iam.role(identity, { trust, policies: documents });
      } else if (identity?.includes('lease table')) {
        iam.attach(KEYS.table, documents);
      } else {
        iam.attach(KEYS.own, documents, { arn: OWN_ARN });
      }
    }
  }

  /**
   * Runs the connectors until `isDone`, and until what is wanted was asked for, as far as that comes before the end.
   * @throws what they end with
   */
  async connect(isDone: () => boolean): Promise<void> {
    const config = loadConfigObject(this.#config(), this.file, { env: {} });
    const stop = new AbortController();
    const clock = this.#clock();
    const parts = { clock, random: systemRandom, logger: this.log };
    let ended = false;
    const run = supervise({
      ...parts,
      config,
      health: new HealthBoard(),
      openTransport: (pulsar, producer) =>
        createTransport(pulsar, producer, { ...parts, stdout: process.stdout, memory: this.broker }),
      stop: stop.signal,
    }).finally(() => {
      ended = true;
    });
    run.catch(() => undefined);
    const beforeTheEnd = this.wanted.filter(({ action }) => !AT_THE_END.includes(action));
    const isHeard = (grant: Grant): boolean => this.wasUsed(grant) && this.#isSaid(grant);
    // Who waits in vain sees what was not used, or not said.
    await this.until(() => ended || (isDone() && beforeTheEnd.every(isHeard))).catch(() => undefined);
    stop.abort(new Error('the test stops it'));
    await run;
  }

  /** What is refused takes a moment to be said. */
  #isSaid({ action }: Grant): boolean {
    const isDenied = this.emulator.iam.denied().some((one) => one.action === action);
    return !isDenied || JSON.stringify(this.log.lines).includes(action);
  }

  /** Runs a command line. */
  async cli(
    args: readonly string[],
  ): Promise<{ readonly stdout: string; readonly stderr: string; readonly code: number }> {
    let stdout = '';
    let stderr = '';
    let code = -1;
    await runProgram(args, {
      stdout: (text) => {
        stdout += text;
      },
      stderr: (text) => {
        stderr += text;
      },
      isTty: false,
      env: {},
      setExitCode: (given) => {
        code = given;
      },
    });
    return { stdout, stderr, code };
  }

  /** Runs a command line that has to succeed. @throws with what it said */
  async command(...args: readonly string[]): Promise<void> {
    const { stdout, stderr, code } = await this.cli([...args, '-c', this.file]);
    this.log.info({ stdout, stderr }, args.join(' '));
    if (code !== 0) {
      throw new Error(stderr);
    }
  }

  /** Runs an `offsets` command that changes something. */
  moving(name: string, ...args: readonly string[]): Promise<void> {
    const backup = this.path(`backup-${this.log.lines.length}.json`);
    return this.command('offsets', name, ...args, '--yes', '--fence', '--backup', backup);
  }

  /** Sets the rows of a lease table back to the beginning. */
  moveRows(table: string): void {
    const { dynamodb } = this.emulator;
    const { Items } = dynamodb.invoke('Scan', { TableName: table }) as { readonly Items: readonly object[] };
    for (const item of Items) {
      dynamodb.invoke('PutItem', { TableName: table, Item: { ...item, checkpoint: { S: 'TRIM_HORIZON' } } });
    }
  }

  /** A file for a command to write. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  wasUsed({ action, resources }: Grant): boolean {
    return this.emulator.iam
      .used()
      .some((use) => use.action === action && resources.some((resource) => matches(resource, use.resource)));
  }

  /** Puts `count` records into a stream. */
  put(stream: string, count: number, place = {}): void {
    for (let n = 0; n < count; n++) {
      const Data = Buffer.from(`record ${n}`).toString('base64');
      const record = { StreamName: stream, PartitionKey: `key ${n}`, Data };
      this.emulator.kinesis.call('PutRecord', record, place);
    }
  }

  /** Creates a stream of one shard with records, which then was split, with as many again. */
  splitStream(stream: string, place = {}): void {
    const { kinesis } = this.emulator;
    kinesis.call('CreateStream', { StreamName: stream, ShardCount: 1 }, place);
    this.put(stream, 10, place);
    const halves = { ShardToSplit: 'shardId-000000000000', NewStartingHashKey: String(2n ** 127n) };
    kinesis.call('SplitShard', { StreamName: stream, ...halves }, place);
    this.put(stream, 10, place);
  }

  /** What a KCL 3.x fleet in 3X mode has left beside the lease table when it was stopped an hour ago. */
  stoppedFleet(application: string): void {
    const put = (TableName: string, key: string, Item: object): void => {
      this.emulator.dynamodb.invoke('CreateTable', {
        TableName,
        KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      });
      this.emulator.dynamodb.invoke('PutItem', { TableName, Item });
    };
    put(`${application}-CoordinatorState`, 'key', {
      key: { S: 'Migration3.0' },
      cv: { S: 'CLIENT_VERSION_3X' },
    });
    const anHourAgo = Math.floor(this.emulator.clock.now() / 1000) - 3600;
    put(`${application}-WorkerMetricStats`, 'wid', { wid: { S: 'worker' }, lut: { N: String(anHourAgo) } });
  }

  /** Sequence number of the first record of a shard. */
  firstSequence(stream: string, shard: string): string {
    const { kinesis } = this.emulator;
    const place = { ShardId: shard, ShardIteratorType: 'TRIM_HORIZON' } as const;
    const { ShardIterator } = kinesis.call('GetShardIterator', { StreamName: stream, ...place });
    const [first] = kinesis.call('GetRecords', { ShardIterator }).Records;
    return first?.SequenceNumber ?? '';
  }

  /** Copies a lease table with its rows, whose owner has gone. */
  copyTable(from: string, to: string): void {
    const { dynamodb } = this.emulator;
    dynamodb.invoke('CreateTable', {
      TableName: to,
      KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
    const { Items } = dynamodb.invoke('Scan', { TableName: from }) as { readonly Items: readonly object[] };
    for (const Item of Items) {
      dynamodb.invoke('PutItem', { TableName: to, Item });
    }
  }

  /** @throws when that takes too long */
  async until(isSo: () => boolean): Promise<void> {
    const limit = systemClock.monotonic() + PATIENCE_MS;
    while (!isSo()) {
      if (systemClock.monotonic() > limit) {
        throw new Error('it takes too long');
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #clock(): Clock {
    return this.wanted.some(({ action }) => action === 'dynamodb:DeleteItem')
      ? fastClock(HASTE)
      : systemClock;
  }

  #config(): { readonly [name: string]: unknown } {
    const { kinesisEndpoint: url } = this.emulator;
    return {
      pulsar: { serviceUrl: 'memory://' },
      restart: { maxFailures: 1 },
      aws: {
        region: 'us-east-1',
        credentials: { type: 'static', accessKeyId: KEYS.own, secretAccessKey: 'own' },
        endpoints: { kinesis: url, dynamodb: url, cloudwatch: url, sts: url, secretsManager: url },
      },
      ...this.one.connectors,
    };
  }
}

/** What is asked for when everything is done. */
const AT_THE_END = ['kinesis:DeregisterStreamConsumer', 'cloudwatch:PutMetricData'];
