import { ServiceError } from '../service-model';
import { Allowance } from './allowance';
import type { KinesisSettings } from './options';
import { recordSize, type Sized } from './record-log';
import type { Shard } from './shard';
import { Stream } from './stream';

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
  readonly descriptions = new Allowance();
  readonly #streams = new Map<string, Stream>();
  /** By stream name, what a stream created again must not use: of streams that are deleted. */
  readonly #used = new Map<string, { readonly epoch: number; readonly creationSeconds: number }>();

  constructor(
    readonly settings: KinesisSettings,
    /** Twelve digits. */
    readonly id: string,
    readonly region: string,
  ) {}

  now(): number {
    return this.settings.clock.now();
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
    const limits = this.settings.writeLimits;
    if (limits === undefined || shard.writeBudget.take(limits, recordSize(entry), this.now())) {
      return undefined;
    }
    return this.rateExceeded(stream, shard);
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
    const used = this.#used.get(wanted.name) ?? { epoch: 0, creationSeconds: 0 };
    const stream = new Stream({
      ...wanted,
      arn: this.arnOf(wanted.name),
      createdAt: now,
      creationSeconds: Math.max(Math.floor(now / 1000), used.creationSeconds + 1),
      epoch: used.epoch + 1,
    });
    this.#streams.set(wanted.name, stream);
    stream.begin('CREATING', now, this.settings.settleMs, () => stream.openFirstShards());
  }

  /** Its consumers go with it. */
  delete(stream: Stream): void {
    const { name } = stream.settings;
    const now = this.now();
    stream.consumers.deregister(stream.consumers.list(now), now, this.settings.settleMs, () =>
      this.streamNotFound(name),
    );
    stream.begin('DELETING', now, this.settings.settleMs, () => {
      this.#used.set(name, { epoch: stream.epoch, creationSeconds: stream.consumers.newestSeconds });
      this.#streams.delete(name);
    });
  }

  /** @throws ServiceError LimitExceededException when `additional` open shards are more than the account may have. */
  reserveShards(additional: number): void {
    const current = this.streams().reduce((sum, stream) => sum + stream.openShardCount, 0);
    const limit = this.settings.shardLimit;
    if (current + additional > limit) {
      throw new ServiceError(
        'LimitExceededException',
        `This request would exceed the shard limit for the account ${this.id} in ${this.region}. ` +
          `Current shard count for the account: ${current}. Limit: ${limit}. ` +
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

  rateExceeded(stream: Stream, shard: Shard): ServiceError {
    return new ServiceError(
      'ProvisionedThroughputExceededException',
      `Rate exceeded for shard ${shard.id} in stream ${stream.settings.name} under account ${this.id}.`,
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
