import type { PutEntry } from '../../src/aws/kinesis-api';
import { BYTES_SCHEMA, type Instrument, type MetricSink, type Record } from '../../src/io';
import type { EntryParts, SinkValue } from '../../src/sink/entry';
import { PutLoop } from '../../src/sink/put-loop';
import type { PutLoopConfig } from '../../src/sink/put-loop-options';
import { SinkMetrics } from '../../src/sink/sink-metrics';
import type { Shard } from '../../src/stream/shard';
import { silentLogger } from '../../src/util/logger';
import { seededRandom } from '../../src/util/random';
import { ManualClock } from './manual-clock';
import { ScriptedPutApi } from './scripted-put-api';
import { shardOf } from './shards';

export const SINK_DEFAULTS: PutLoopConfig = {
  retainOrdering: false,
  retryInitialDelay: 100,
  retryMaxDelay: 60_000,
  putStallTimeout: 60_000,
  onError: 'route',
  aggregationEnabled: false,
  aggregationMaxSize: 51_200,
  aggregationMaxCount: 4_294_967_295,
  collectionMaxCount: 500,
  collectionMaxSize: 5 * 1024 * 1024,
  lingerMs: 100,
  maxConnections: 24,
  maxPendingRecords: 10_000,
  maxPendingBytes: 64 * 1024 * 1024,
  rateLimit: 150,
};

/** A record that remembers how it was settled. */
export class SettledRecord implements Record<SinkValue> {
  readonly eventTime = undefined;
  readonly properties = {};
  readonly partitionId = undefined;
  readonly recordSequence = undefined;
  readonly destinationTopic = undefined;
  readonly schema = BYTES_SCHEMA;
  readonly partition = undefined;
  readonly value: Uint8Array;
  readonly outcomes: ('acked' | Error)[] = [];

  constructor(
    readonly key: string,
    readonly text: string,
    private readonly lab: { settled: SettledRecord[] },
  ) {
    this.value = Buffer.from(text);
  }

  ack(): void {
    this.outcomes.push('acked');
    this.lab.settled.push(this);
  }

  fail(cause: Error): void {
    this.outcomes.push(cause);
    this.lab.settled.push(this);
  }
}

/** Sums what is recorded, by name. */
export class MetricSums implements MetricSink {
  readonly sums = new Map<string, number>();

  record(): void {}

  instrument(name: string): Instrument {
    return {
      record: (value) => {
        this.sums.set(name, (this.sums.get(name) ?? 0) + value);
      },
    };
  }

  reader() {
    return { read: () => [] };
  }

  forget(): void {}
}

/** Shards that cut the hash space evenly. */
export const evenShards = (count: number, name = 'shard'): Shard[] =>
  Array.from({ length: count }, (_, index) =>
    shardOf(`${name}-${index}`, { part: [index, index + 1, count] }),
  );

export interface PutLabOptions {
  readonly config?: Partial<PutLoopConfig>;
  readonly shards?: number;
  readonly requestTimeout?: number;
  readonly seed?: number;
}

/** The engine of the sink on virtual time, against a Kinesis whose faults a test chooses. */
export class PutLab {
  readonly clock = new ManualClock();
  readonly metrics = new MetricSums();
  readonly fatal: Error[] = [];
  readonly records: SettledRecord[] = [];
  readonly settled: SettledRecord[] = [];
  readonly api: ScriptedPutApi;
  readonly loop: PutLoop;

  constructor({ config = {}, shards = 1, requestTimeout = 1000, seed = 1 }: PutLabOptions = {}) {
    this.api = new ScriptedPutApi(this.clock, evenShards(shards));
    this.loop = new PutLoop({
      kinesis: this.api,
      stream: { name: 'stream' },
      shards: this.api.shards,
      config: { ...SINK_DEFAULTS, ...config },
      requestTimeout,
      clock: this.clock,
      random: seededRandom(seed),
      logger: silentLogger,
      metrics: new SinkMetrics(this.metrics, this.clock, 'stream'),
      onFatal: (error) => this.fatal.push(error),
    });
  }

  /** Writes one record, numbered within the lab; undefined as key means a random one. */
  write(key: string | undefined, options: { readonly bytes?: number } = {}): Promise<void> {
    const record = this.record(key ?? '');
    const partitionKey = key ?? `random-${this.records.length}`;
    const data = options.bytes === undefined ? record.value : Buffer.alloc(options.bytes, record.text);
    const parts: EntryParts = { data, partitionKey, keyed: key !== undefined };
    return this.loop.add(record, parts, data.byteLength + Buffer.byteLength(partitionKey));
  }

  /** Writes `keys`, one behind the other, as the runner does. */
  async writeAll(keys: Iterable<string | undefined>): Promise<void> {
    for (const key of keys) {
      await this.write(key);
    }
  }

  record(key: string): SettledRecord {
    const record = new SettledRecord(key, `${this.records.length}`, this);
    this.records.push(record);
    return record;
  }

  get acked(): number {
    return this.records.filter(({ outcomes }) => outcomes[0] === 'acked').length;
  }

  /** Records that no answer has settled. */
  get open(): SettledRecord[] {
    return this.records.filter(({ outcomes }) => outcomes.length === 0);
  }

  metric(name: string): number {
    return this.metrics.sums.get(name) ?? 0;
  }
}

export const textOf = (entry: PutEntry): string => Buffer.from(entry.data).toString();
