import { type ServiceClock, ServiceError } from '../service-model';
import { recordSize, type Sized } from './record-log';
import type { Shard } from './shard';
import { Stream } from './stream';
import type { WriteLimits } from './write-limits';

export interface KinesisOptions {
  readonly clock: ServiceClock;
  /** Twelve digits; 000000000000 when absent. */
  readonly account?: string;
  /** us-east-1 when absent. */
  readonly region?: string;
  /** How long changes of streams (and tables) take, milliseconds; 0 when absent. */
  readonly settleMs?: number;
  /** Open shards of all streams together; 20,000 when absent. */
  readonly shardLimit?: number;
  /**
   * Whether the end of a closed shard comes with its last records, or as an empty answer behind them (as AWS
   * does). Readers must take both. `behind` when absent.
   */
  readonly shardEnd?: 'behind' | 'with-records';
  /** Calls of UpdateShardCount on one stream within 24 hours (10 at AWS); any number when absent. */
  readonly scalingsPerDay?: number;
  /** Of every open shard, see SHARD_WRITE_LIMITS; none when absent. */
  readonly writeLimits?: WriteLimits;
}

/** A stream as requests name it. */
export interface StreamRef {
  readonly StreamName?: string | undefined;
  readonly StreamARN?: string | undefined;
}

export interface NewStream {
  readonly name: string;
  readonly shardCount: number;
  readonly mode: 'PROVISIONED' | 'ON_DEMAND';
  readonly maxRecordBytes: number;
}

/** The streams of one account in one region. */
export class Account {
  readonly id: string;
  readonly region: string;
  readonly settleMs: number;
  readonly shardEnd: 'behind' | 'with-records';
  readonly scalingsPerDay: number;
  writeLimits: WriteLimits | undefined;
  readonly #clock: ServiceClock;
  readonly #shardLimit: number;
  readonly #streams = new Map<string, Stream>();
  /** By stream name, also of deleted streams: a stream created again must not use their sequence numbers. */
  readonly #lastEpochs = new Map<string, number>();

  constructor(options: KinesisOptions) {
    this.#clock = options.clock;
    this.id = options.account ?? '000000000000';
    this.region = options.region ?? 'us-east-1';
    this.settleMs = options.settleMs ?? 0;
    this.#shardLimit = options.shardLimit ?? 20_000;
    this.shardEnd = options.shardEnd ?? 'behind';
    this.scalingsPerDay = options.scalingsPerDay ?? Number.POSITIVE_INFINITY;
    this.writeLimits = options.writeLimits;
  }

  now(): number {
    return this.#clock.now();
  }

  arnOf(streamName: string): string {
    return `arn:aws:kinesis:${this.region}:${this.id}:stream/${streamName}`;
  }

  /** Every stream, by name. */
  streams(): Stream[] {
    const now = this.now();
    for (const stream of [...this.#streams.values()]) {
      stream.settle(now);
    }
    return [...this.#streams.values()].sort((a, b) => (a.settings.name < b.settings.name ? -1 : 1));
  }

  /** @throws ServiceError ResourceNotFoundException, or InvalidArgumentException when name and ARN do not agree. */
  stream(ref: StreamRef): Stream {
    const name = this.#nameOf(ref);
    this.#streams.get(name)?.settle(this.now());
    const stream = this.#streams.get(name);
    if (stream === undefined) {
      throw this.streamNotFound(name);
    }
    return stream;
  }

  /** A stream that takes and gives records: not one that is being created or deleted. */
  readyStream(ref: StreamRef): Stream {
    const stream = this.stream(ref);
    if (stream.status === 'CREATING' || stream.status === 'DELETING') {
      throw this.streamNotFound(stream.settings.name);
    }
    return stream;
  }

  /** A stream that may be changed. @throws ServiceError ResourceInUseException while another change is under way. */
  activeStream(ref: StreamRef): Stream {
    const stream = this.stream(ref);
    if (stream.status !== 'ACTIVE') {
      throw new ServiceError(
        'ResourceInUseException',
        `Stream ${stream.settings.name} under account ${this.id} not ACTIVE, instead in state ${stream.status}`,
      );
    }
    return stream;
  }

  shard(stream: Stream, shardId: string): Shard {
    const shard = stream.shard(shardId, this.now());
    if (shard === undefined) {
      throw this.shardNotFound(stream.settings.name, shardId);
    }
    return shard;
  }

  /** What that shard refuses `entry` with at present; undefined when it takes it. */
  refusalOf(stream: Stream, shard: Shard, entry: Sized): ServiceError | undefined {
    const limits = this.writeLimits;
    if (limits === undefined || shard.writeBudget.take(limits, recordSize(entry), this.now())) {
      return undefined;
    }
    return new ServiceError(
      'ProvisionedThroughputExceededException',
      `Rate exceeded for shard ${shard.id} in stream ${stream.settings.name} under account ${this.id}.`,
    );
  }

  create(wanted: NewStream): void {
    const now = this.now();
    if (this.streams().some((stream) => stream.settings.name === wanted.name)) {
      throw new ServiceError(
        'ResourceInUseException',
        `Stream ${wanted.name} under account ${this.id} already exists.`,
      );
    }
    this.reserveShards(wanted.shardCount);
    const stream = new Stream({
      ...wanted,
      arn: this.arnOf(wanted.name),
      createdAt: now,
      epoch: (this.#lastEpochs.get(wanted.name) ?? 0) + 1,
    });
    this.#streams.set(wanted.name, stream);
    stream.begin('CREATING', now, this.settleMs, () => stream.openFirstShards());
  }

  delete(stream: Stream): void {
    const name = stream.settings.name;
    stream.begin('DELETING', this.now(), this.settleMs, () => {
      this.#lastEpochs.set(name, stream.epoch);
      this.#streams.delete(name);
    });
  }

  /** @throws ServiceError LimitExceededException when `additional` open shards are more than the account may have. */
  reserveShards(additional: number): void {
    const current = this.streams().reduce((sum, stream) => sum + stream.openShardCount, 0);
    if (current + additional > this.#shardLimit) {
      throw new ServiceError(
        'LimitExceededException',
        `This request would exceed the shard limit for the account ${this.id} in ${this.region}. ` +
          `Current shard count for the account: ${current}. Limit: ${this.#shardLimit}. ` +
          `Number of additional shards that would have resulted from this request: ${additional}.`,
      );
    }
  }

  streamNotFound(name: string): ServiceError {
    return new ServiceError(
      'ResourceNotFoundException',
      `Stream ${name} under account ${this.id} not found.`,
    );
  }

  shardNotFound(streamName: string, shardId: string): ServiceError {
    return new ServiceError(
      'ResourceNotFoundException',
      `Shard ${shardId} in stream ${streamName} under account ${this.id} does not exist`,
    );
  }

  #nameOf(ref: StreamRef): string {
    const { StreamName: name, StreamARN: arn } = ref;
    if (arn === undefined) {
      if (name === undefined) {
        throw invalidArgument('Either StreamARN or StreamName should be provided.');
      }
      return name;
    }
    const arnName = arn.slice(arn.indexOf('/') + 1);
    if (name !== undefined && name !== arnName) {
      throw invalidArgument(`StreamName ${name} does not match StreamARN ${arn}.`);
    }
    if (arn !== this.arnOf(arnName)) {
      throw this.streamNotFound(arnName);
    }
    return arnName;
  }
}

export function invalidArgument(message: string): ServiceError {
  return new ServiceError('InvalidArgumentException', message);
}
