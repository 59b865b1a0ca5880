import { type EventSource, ServiceError, type ServiceModel } from '../service-model';
import { type InputOf, readInput, type Shape } from '../shape';
import { Accounts, type KinesisCaller } from './accounts';
import type { Operation } from './operation';
import { decreaseStreamRetentionPeriod, increaseStreamRetentionPeriod } from './operations/change-retention';
import { createStream } from './operations/create-stream';
import { deleteStream } from './operations/delete-stream';
import { deregisterStreamConsumer } from './operations/deregister-stream-consumer';
import { describeStream } from './operations/describe-stream';
import { describeStreamConsumer } from './operations/describe-stream-consumer';
import { describeStreamSummary } from './operations/describe-stream-summary';
import { getRecords } from './operations/get-records';
import { getShardIterator } from './operations/get-shard-iterator';
import { listShards } from './operations/list-shards';
import { listStreamConsumers } from './operations/list-stream-consumers';
import { listStreams } from './operations/list-streams';
import { listTagsForStream } from './operations/list-tags-for-stream';
import { mergeShards } from './operations/merge-shards';
import { putRecord } from './operations/put-record';
import { putRecords } from './operations/put-records';
import { registerStreamConsumer } from './operations/register-stream-consumer';
import { splitShard } from './operations/split-shard';
import { type SubscribeToShardInput, subscribeToShard } from './operations/subscribe-to-shard';
import { updateMaxRecordSize } from './operations/update-max-record-size';
import { updateShardCount } from './operations/update-shard-count';
import { type KinesisOptions, settingsOf } from './options';
import type { ReadLimits } from './read-limits';
import { writeAnswer } from './shard-reading';
import type { Subscription } from './subscription';
import type { WriteLimits } from './write-limits';

const OPERATIONS = {
  CreateStream: createStream,
  DecreaseStreamRetentionPeriod: decreaseStreamRetentionPeriod,
  DeleteStream: deleteStream,
  DeregisterStreamConsumer: deregisterStreamConsumer,
  DescribeStream: describeStream,
  DescribeStreamConsumer: describeStreamConsumer,
  DescribeStreamSummary: describeStreamSummary,
  GetRecords: getRecords,
  GetShardIterator: getShardIterator,
  IncreaseStreamRetentionPeriod: increaseStreamRetentionPeriod,
  ListShards: listShards,
  ListStreamConsumers: listStreamConsumers,
  ListStreams: listStreams,
  ListTagsForStream: listTagsForStream,
  MergeShards: mergeShards,
  PutRecord: putRecord,
  PutRecords: putRecords,
  RegisterStreamConsumer: registerStreamConsumer,
  SplitShard: splitShard,
  UpdateMaxRecordSize: updateMaxRecordSize,
  UpdateShardCount: updateShardCount,
} as const;

export type KinesisOperation = keyof typeof OPERATIONS;
export type KinesisInput<N extends KinesisOperation> = InputOf<(typeof OPERATIONS)[N]['shape']>;
export type KinesisOutput<N extends KinesisOperation> = ReturnType<(typeof OPERATIONS)[N]['run']>;

/** Members of requests and answers that JSON does not tell from text and numbers. */
const WIRE_TYPES = {
  blobs: new Set(['Data']),
  timestamps: new Set([
    'ApproximateArrivalTimestamp',
    'ConsumerCreationTimestamp',
    'StreamCreationTimestamp',
    'Timestamp',
  ]),
};

/** The Kinesis API without sockets, with typed calls beside those of the wire. */
export interface KinesisModel extends ServiceModel {
  readonly target: 'Kinesis_20131202';
  /** @throws ServiceError */
  call<N extends KinesisOperation>(name: N, input: KinesisInput<N>, caller?: KinesisCaller): KinesisOutput<N>;
  /** @throws ServiceError */
  subscribe(input: SubscribeToShardInput, caller?: KinesisCaller): Subscription;
  invokeText(operation: string, input: unknown, caller?: KinesisCaller): string;
  openEvents(operation: string, input: unknown, caller?: KinesisCaller): EventSource;
  /** From now on; undefined ends them. */
  limitWrites(limits: WriteLimits | undefined): void;
  /** From now on; undefined ends them. */
  limitReads(limits: ReadLimits | undefined): void;
  /**
   * What a stream keeps from now on, milliseconds; also less than the API takes, so that trimming shows soon.
   * @throws ServiceError ResourceNotFoundException
   */
  retain(streamName: string, ms: number): void;
}

export function createKinesisModel(options: KinesisOptions): KinesisModel {
  const settings = settingsOf(options);
  const accounts = new Accounts(settings);
  const perform = <S extends Shape, O>(
    found: Operation<S, O>,
    input: unknown,
    caller: KinesisCaller = {},
  ): O => {
    const request = readInput(found.shape, input);
    return found.run(accounts.of(request, caller), request);
  };
  const subscribe: KinesisModel['subscribe'] = (input, caller) => perform(subscribeToShard, input, caller);
  const invoke = (name: string, input: unknown, caller?: KinesisCaller): unknown =>
    perform(operationNamed(name), input, caller);
  return {
    target: 'Kinesis_20131202',
    operations: Object.keys(OPERATIONS),
    eventOperations: ['SubscribeToShard'],
    wireTypes: WIRE_TYPES,
    invoke,
    call: (name, input, caller) => invoke(name, input, caller) as KinesisOutput<typeof name>,
    subscribe,
    invokeText: (name, input, caller) => {
      const found = operationNamed(name);
      const output = perform(found, input, caller);
      return found.write === undefined ? JSON.stringify(output) : found.write(output);
    },
    openEvents: (name, input, caller) => {
      if (name !== 'SubscribeToShard') {
        throw unknownOperation(name);
      }
      const subscription = perform(subscribeToShard, input, caller);
      return {
        next: async (signal) => {
          const event = await subscription.next(signal);
          return event && { type: 'SubscribeToShardEvent', text: writeAnswer(event) };
        },
        close: () => subscription.close(),
      };
    },
    limitWrites: (limits) => {
      settings.writeLimits = limits;
    },
    limitReads: (limits) => {
      settings.readLimits = limits;
    },
    retain: (StreamName, ms) => accounts.of({}, {}).stream({ StreamName }).retain(ms, settings.clock.now()),
  };
}

function operationNamed(name: string): Operation<Shape, unknown> {
  if (!Object.hasOwn(OPERATIONS, name)) {
    throw unknownOperation(name);
  }
  return OPERATIONS[name as KinesisOperation] as unknown as Operation<Shape, unknown>;
}

function unknownOperation(name: string): ServiceError {
  return new ServiceError('UnknownOperationException', `Kinesis_20131202 has no operation ${name} here.`);
}
