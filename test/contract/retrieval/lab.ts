import type { FanOutApi } from '../../../src/aws/fan-out-api';
import type { KinesisApi } from '../../../src/aws/kinesis-api';
import type { KinesisOptions } from '../../../src/emulator/kinesis/options';
import { ConnectorError, type ErrorCode } from '../../../src/errors';
import type { Admit, RetrievalBatch, RetrievalObserver, ShardReader } from '../../../src/retrieval/retrieval';
import { StreamRetrieval } from '../../../src/retrieval/stream-retrieval';
import type { FixedPosition } from '../../../src/stream/iterator-position';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { drained, ManualClock } from '../../support/manual-clock';
import { type ModelKinesis, modelKinesis } from '../../support/model-kinesis';
import { CallFaults } from './call-faults';

export type Mode = 'polling' | 'fan-out';

export const STREAM = 'orders';
export const TRIM_HORIZON: FixedPosition = { type: 'TRIM_HORIZON' };
/** Milliseconds that a Date header may be off, as src/source/reading-progress.ts allows for. */
const DATE_MS = 1000;

export const failure = (code: ErrorCode): ConnectorError => new ConnectorError(code, `planted ${code}`);
export const admitAll: Admit = async () => undefined;

/** What was put into a shard, in its order. */
interface Put {
  readonly sequenceNumber: string;
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Monotonic milliseconds. */
  readonly instant: number;
}

export interface LabOptions extends Omit<KinesisOptions, 'clock' | 'timer'> {
  readonly shards?: number;
  /** Events that wait in the connection of a subscription; none when absent. */
  readonly ahead?: number;
}

/** One stream of the embedded Kinesis on a virtual clock, with faults, and readers of one kind of its shards. */
export class RetrievalLab {
  readonly clock = new ManualClock(Date.UTC(2026, 0, 1), drained);
  readonly model: ModelKinesis;
  readonly faults: CallFaults;
  readonly retrieval: StreamRetrieval;
  readonly events: string[] = [];
  readonly never: AbortSignal = new AbortController().signal;
  readonly #puts = new Map<string, Put[]>();

  private constructor(mode: Mode, { shards = 1, ahead = 0, ...options }: LabOptions) {
    this.model = modelKinesis(this.clock, { heartbeatMs: 5000, ...options });
    this.model.model.call('CreateStream', { StreamName: STREAM, ShardCount: shards });
    this.faults = new CallFaults(this.clock, ahead);
    this.retrieval = this.retrievalOf(mode, 7);
  }

  static async open(mode: Mode, options: LabOptions = {}): Promise<RetrievalLab> {
    const lab = new RetrievalLab(mode, options);
    await lab.clock.run(lab.retrieval.decide(lab.never));
    return lab;
  }

  /** Another worker's way to read: with the same consumer, and without faults of its own. */
  retrievalOf(mode: Mode, seed: number): StreamRetrieval {
    const kinesis: KinesisApi & FanOutApi = this.faults.watched(this.model);
    return new StreamRetrieval({
      kinesis,
      fanOut: () => kinesis,
      stream: { name: STREAM },
      label: STREAM,
      streamArn: async () => (await this.model.describeStream({ name: STREAM })).arn,
      settings: {
        mode,
        consumer: { name: 'app' },
        lifecycle: 'external',
        registrationAttempts: 3,
        activeTimeout: 60_000,
        eventTimeout: 30_000,
      },
      numRetries: 3,
      requestTimeout: 6000,
      maxRecordsPerRead: 7,
      maxReadsPerSecond: 4,
      retry: {
        clock: this.clock,
        random: seededRandom(seed),
        bounds: { initialMs: 300, maxMs: 5000 },
      },
      logger: silentLogger,
    });
  }

  reader(
    start: FixedPosition = TRIM_HORIZON,
    shardId = this.shardIds()[0] ?? '',
    retrieval = this.retrieval,
  ): ShardReading {
    const observer: RetrievalObserver = {
      retried: (_shard, error) => this.events.push(error.code),
      vanished: () => this.events.push('vanished'),
    };
    return new ShardReading(this, shardId, start, retrieval.openReader({ shardId, start, observer }));
  }

  /** Puts numbered records; `bytes` of data each. */
  put(count: number, bytes = 20): void {
    for (let n = 0; n < count; n++) {
      const text = `${this.count}`.padEnd(bytes, '.');
      const { ShardId, SequenceNumber } = this.model.model.call('PutRecord', {
        StreamName: STREAM,
        PartitionKey: `key-${this.count}`,
        Data: Buffer.from(text).toString('base64'),
      });
      const puts = this.#puts.get(ShardId) ?? [];
      puts.push({
        sequenceNumber: SequenceNumber,
        text,
        at: this.clock.now(),
        instant: this.clock.monotonic(),
      });
      this.#puts.set(ShardId, puts);
    }
  }

  /** Records put so far. */
  get count(): number {
    return [...this.#puts.values()].reduce((sum, puts) => sum + puts.length, 0);
  }

  puts(shardId = this.shardIds()[0] ?? ''): readonly Put[] {
    return this.#puts.get(shardId) ?? [];
  }

  shardIds(): string[] {
    return this.model.model.call('ListShards', { StreamName: STREAM }).Shards.map(({ ShardId }) => ShardId);
  }

  split(): void {
    this.model.model.call('SplitShard', {
      StreamName: STREAM,
      ShardToSplit: this.shardIds()[0] ?? '',
      NewStartingHashKey: String(2n ** 126n),
    });
  }

  merge(): void {
    const [ShardToMerge = '', AdjacentShardToMerge = ''] = this.shardIds();
    this.model.model.call('MergeShards', { StreamName: STREAM, ShardToMerge, AdjacentShardToMerge });
  }
}

/** What one reader has handed out, judged at every batch. */
export class ShardReading {
  readonly sequenceNumbers: string[] = [];
  end: RetrievalBatch['end'];

  constructor(
    private readonly lab: RetrievalLab,
    private readonly shardId: string,
    private readonly start: FixedPosition,
    readonly reader: ShardReader,
  ) {}

  /** One read, with time moved as far as it takes. */
  async next(admit: Admit = admitAll, signal: AbortSignal = this.lab.never): Promise<RetrievalBatch> {
    const { clock } = this.lab;
    const asked = clock.monotonic();
    const batch = await clock.run(this.reader.read(signal, admit));
    this.sequenceNumbers.push(...batch.records.map(({ sequenceNumber }) => sequenceNumber));
    this.end = batch.end;
    this.#checkClaims(batch, asked);
    return batch;
  }

  /** Reads until `count` records were handed out, or the shard has ended. */
  async until(count: number): Promise<void> {
    while (this.sequenceNumbers.length < count && this.end === undefined) {
      await this.next();
    }
  }

  async toEnd(): Promise<void> {
    await this.until(Number.POSITIVE_INFINITY);
  }

  /** What it should have handed out: everything put into its shard from the `from`th record on. */
  expected(from = 0): string[] {
    return this.lab
      .puts(this.shardId)
      .slice(from)
      .map(({ sequenceNumber }) => sequenceNumber);
  }

  /** A tip that is reached covers everything up to the time claimed: a later claim would hide what was lost. */
  #checkClaims({ millisBehindLatest, serviceTime, lookedSince }: RetrievalBatch, asked: number): void {
    if (millisBehindLatest !== 0) {
      return;
    }
    const took = lookedSince === undefined ? this.lab.clock.monotonic() - asked : 0;
    const claimed = serviceTime === undefined ? Number.NEGATIVE_INFINITY : serviceTime - DATE_MS - took;
    const last =
      this.sequenceNumbers.at(-1) ?? ('sequenceNumber' in this.start ? this.start.sequenceNumber : '0');
    const from = 'timestamp' in this.start ? this.start.timestamp : 0;
    const missed = this.lab
      .puts(this.shardId)
      .filter(({ at, sequenceNumber }) => at >= from && BigInt(sequenceNumber) > BigInt(last))
      .filter(({ at, instant }) => at <= claimed || instant < (lookedSince ?? asked));
    if (missed.length > 0) {
      throw new Error(`${missed.length} records were there before the look and had not been handed out`);
    }
  }
}
