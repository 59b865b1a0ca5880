import {
  createKinesisModel,
  Faults,
  type KinesisModel,
  type KinesisOutput,
  type ServiceModel,
  SettableClock,
  SHARD_WRITE_LIMITS,
  startServer,
} from '../../src/emulator';
import { sleep, systemClock } from '../../src/util/clock';
import { systemRandom } from '../../src/util/random';
import { readSettings, say } from './program';
import { STREAM } from './writer-settings';

export interface LimitedSettings {
  readonly shards: number;
  /** Milliseconds until a request is answered. */
  readonly latencyMs: number;
}

/** What the service has seen since it was started. */
export interface LimitedCounts {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly requests: number;
  readonly refused: number;
  /** Records taken, by shard. */
  readonly accepted: readonly number[];
}

export interface LimitedAddress {
  readonly kinesis: string;
}

const SAY_MS = 100;

/** Counts what PutRecords does. */
class Counting implements ServiceModel {
  readonly target: string;
  readonly operations: readonly string[];
  readonly accepted: number[];
  requests = 0;
  refused = 0;
  readonly #kinesis: KinesisModel;

  constructor(kinesis: KinesisModel, shards: number) {
    this.#kinesis = kinesis;
    this.target = kinesis.target;
    this.operations = kinesis.operations;
    this.accepted = Array.from({ length: shards }, () => 0);
  }

  invoke(operation: string, input: unknown): unknown {
    const output = this.#kinesis.invoke(operation, input);
    if (operation === 'PutRecords') {
      this.#count(output as KinesisOutput<'PutRecords'>);
    }
    return output;
  }

  #count({ Records, FailedRecordCount }: KinesisOutput<'PutRecords'>): void {
    this.requests++;
    this.refused += FailedRecordCount;
    for (const { ShardId } of Records) {
      if (ShardId !== undefined) {
        const shard = Number(ShardId.slice(-12));
        this.accepted[shard] = (this.accepted[shard] ?? 0) + 1;
      }
    }
  }
}

/** Kinesis with the write limits of AWS. Says its address, and then again and again what it has counted. */
async function main(): Promise<void> {
  const { shards, latencyMs } = readSettings<LimitedSettings>();
  const clock = new SettableClock();
  const kinesis = createKinesisModel({ clock, writeLimits: SHARD_WRITE_LIMITS });
  kinesis.call('CreateStream', { StreamName: STREAM, ShardCount: shards });
  const counting = new Counting(kinesis, shards);
  const faults = new Faults(systemRandom);
  faults.add({ operation: 'PutRecords', fault: { kind: 'latency', ms: latencyMs, applied: true } });
  const { port } = await startServer({
    services: [counting],
    clock,
    timer: systemClock,
    random: systemRandom,
    faults,
    host: '127.0.0.1',
    port: 0,
  });
  const address: LimitedAddress = { kinesis: `http://127.0.0.1:${port}` };
  say(address);
  for (;;) {
    await sleep(systemClock, SAY_MS);
    const { requests, refused, accepted } = counting;
    const counts: LimitedCounts = { at: systemClock.monotonic(), requests, refused, accepted };
    say(counts);
  }
}

void main();
