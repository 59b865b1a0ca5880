import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QuickstartStream } from '../../src/cli/quickstart-stream';
import { type Emulator, startEmulator } from '../../src/emulator';
import { sleep, systemClock } from '../../src/util/clock';
import { ProgramProcess } from './program-process';

const LOOK_MS = 20;
const PATIENCE_MS = 20_000;

/** A lease row as DynamoDB shows it. */
export interface LeaseRow {
  readonly leaseOwner?: { readonly S: string };
  readonly checkpoint: { readonly S: string };
}

/** One event of a process's log. */
export interface LogEvent {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** `run` as a process of its own, over an emulator in this one. */
export class InstancesLab {
  readonly emulator: Emulator;
  readonly #folder = mkdtempSync(join(tmpdir(), 'instances-lab-'));
  readonly #processes: ProgramProcess[] = [];

  private constructor(emulator: Emulator) {
    this.emulator = emulator;
  }

  static async open(): Promise<InstancesLab> {
    return new InstancesLab(await startEmulator());
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((program) => program.stop('SIGKILL')));
    await this.emulator.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A stream of `shards` shards, read from its beginning with stock calls. */
  stream(name: string, shards: number): QuickstartStream {
    this.emulator.kinesis.call('CreateStream', { StreamName: name, ShardCount: shards });
    return new QuickstartStream(this.emulator, name);
  }

  /** Puts `<stream> <n>` for each n from `first` to `end` − 1, over all shards. */
  put(stream: string, first: number, end: number): void {
    for (let n = first; n < end; n++) {
      const Data = Buffer.from(`${stream} ${n}`).toString('base64');
      this.emulator.kinesis.call('PutRecord', { StreamName: stream, PartitionKey: `k${n}`, Data });
    }
  }

  /** Writes a file into the folder of the lab. @returns its path */
  write(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** @param preload a file that the process loads before everything else */
  run(connectors: object, flags: readonly string[] = [], preload: readonly string[] = []): ProgramProcess {
    const { kinesisEndpoint: kinesis, dynamodbEndpoint: dynamodb } = this.emulator;
    const file = this.write(
      `connectors-${this.#processes.length}.json`,
      JSON.stringify({
        pulsar: { serviceUrl: 'memory://' },
        aws: {
          region: 'us-east-1',
          credentials: { type: 'static', accessKeyId: 'test', secretAccessKey: 'test' },
          endpoints: { kinesis, dynamodb },
        },
        ...connectors,
      }),
    );
    const loaded = ['./scripts/typescript.cjs', ...preload].flatMap((path) => ['-r', path]);
    const program = new ProgramProcess([...loaded, 'src/cli/main.ts', 'run', '-c', file, ...flags]);
    this.#processes.push(program);
    return program;
  }

  /** Unfinished rows of a lease table. */
  rows(table: string): LeaseRow[] {
    const { TableNames } = this.emulator.dynamodb.invoke('ListTables', {}) as { TableNames: string[] };
    if (!TableNames.includes(table)) {
      return [];
    }
    const { Items } = this.emulator.dynamodb.invoke('Scan', { TableName: table }) as { Items: LeaseRow[] };
    return Items.filter(({ checkpoint }) => checkpoint.S !== 'SHARD_END');
  }

  /** Leases held in a table, by owner. */
  owners(table: string): { readonly [owner: string]: number } {
    const counts: { [owner: string]: number } = {};
    for (const { leaseOwner } of this.rows(table)) {
      if (leaseOwner !== undefined) {
        counts[leaseOwner.S] = (counts[leaseOwner.S] ?? 0) + 1;
      }
    }
    return counts;
  }
}

/** Resolves once `reached` says so. @throws with `what` when that takes too long */
export async function until(what: string, reached: () => boolean | Promise<boolean>): Promise<void> {
  const end = systemClock.monotonic() + PATIENCE_MS;
  while (!(await reached())) {
    if (systemClock.monotonic() > end) {
      throw new Error(`in vain: ${what}`);
    }
    await sleep(systemClock, LOOK_MS);
  }
}

/** The events that a process has logged. */
export function eventsOf({ log }: ProgramProcess): LogEvent[] {
  return log
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogEvent);
}
