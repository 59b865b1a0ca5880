import { ServiceError, type ServiceModel } from '../service-model';
import { type InputOf, readInput, type Shape } from '../shape';
import { Account, type KinesisOptions } from './account';
import type { Operation } from './operation';
import { decreaseStreamRetentionPeriod, increaseStreamRetentionPeriod } from './operations/change-retention';
import { createStream } from './operations/create-stream';
import { deleteStream } from './operations/delete-stream';
import { describeStream } from './operations/describe-stream';
import { describeStreamSummary } from './operations/describe-stream-summary';
import { getRecords } from './operations/get-records';
import { getShardIterator } from './operations/get-shard-iterator';
import { listShards } from './operations/list-shards';
import { listStreams } from './operations/list-streams';
import { mergeShards } from './operations/merge-shards';
import { putRecord } from './operations/put-record';
import { putRecords } from './operations/put-records';
import { splitShard } from './operations/split-shard';
import { updateMaxRecordSize } from './operations/update-max-record-size';
import { updateShardCount } from './operations/update-shard-count';
import type { WriteLimits } from './write-limits';

const OPERATIONS = {
  CreateStream: createStream,
  DecreaseStreamRetentionPeriod: decreaseStreamRetentionPeriod,
  DeleteStream: deleteStream,
  DescribeStream: describeStream,
  DescribeStreamSummary: describeStreamSummary,
  GetRecords: getRecords,
  GetShardIterator: getShardIterator,
  IncreaseStreamRetentionPeriod: increaseStreamRetentionPeriod,
  ListShards: listShards,
  ListStreams: listStreams,
  MergeShards: mergeShards,
  PutRecord: putRecord,
  PutRecords: putRecords,
  SplitShard: splitShard,
  UpdateMaxRecordSize: updateMaxRecordSize,
  UpdateShardCount: updateShardCount,
} as const;

export type KinesisOperation = keyof typeof OPERATIONS;
export type KinesisInput<N extends KinesisOperation> = InputOf<(typeof OPERATIONS)[N]['shape']>;
export type KinesisOutput<N extends KinesisOperation> = ReturnType<(typeof OPERATIONS)[N]['run']>;

/** The Kinesis API without sockets, with typed calls beside those of the wire. */
export interface KinesisModel extends ServiceModel {
  readonly target: 'Kinesis_20131202';
  /** @throws ServiceError */
  call<N extends KinesisOperation>(name: N, input: KinesisInput<N>): KinesisOutput<N>;
  invokeText(operation: string, input: unknown): string;
  /** From now on; undefined ends them. */
  limitWrites(limits: WriteLimits | undefined): void;
  /**
   * What a stream keeps from now on, milliseconds; also less than the API takes, so that trimming shows soon.
   * @throws ServiceError ResourceNotFoundException
   */
  retain(streamName: string, ms: number): void;
}

export function createKinesisModel(options: KinesisOptions): KinesisModel {
  const account = new Account(options);
  const run = (name: string, input: unknown): { found: Operation<Shape, unknown>; output: unknown } => {
    const found = operationNamed(name);
    return { found, output: found.run(account, readInput(found.shape, input)) };
  };
  return {
    target: 'Kinesis_20131202',
    operations: Object.keys(OPERATIONS),
    invoke: (name, input) => run(name, input).output,
    call: (name, input) => run(name, input).output as KinesisOutput<typeof name>,
    limitWrites: (limits) => {
      account.writeLimits = limits;
    },
    retain: (StreamName, ms) => account.stream({ StreamName }).retain(ms, account.now()),
    invokeText: (name, input) => {
      const { found, output } = run(name, input);
      return found.write === undefined ? JSON.stringify(output) : found.write(output);
    },
  };
}

function operationNamed(name: string): Operation<Shape, unknown> {
  if (!Object.hasOwn(OPERATIONS, name)) {
    throw new ServiceError('UnknownOperationException', `Kinesis_20131202 has no operation ${name} here.`);
  }
  return OPERATIONS[name as KinesisOperation] as unknown as Operation<Shape, unknown>;
}
