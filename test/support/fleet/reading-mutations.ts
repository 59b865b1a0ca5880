import type { FanOutApi, ShardSubscription, SubscriptionEvent } from '../../../src/aws/fan-out-api';
import type { IteratorPosition } from '../../../src/aws/kinesis-api';
import { listAllShards } from '../../../src/aws/list-shards';
import { Progress } from '../../../src/lease/progress';
import { StreamRows } from '../../../src/lease/stream-rows';
import { ShardTenure } from '../../../src/source/shard-tenure';
import { AggregateReader } from '../../../src/stream/aggregate-reader';
import { compareSequenceNumbers } from '../../../src/stream/extended-sequence-number';
import { isOpen } from '../../../src/stream/shard-graph';
import { STREAMS } from './fleet-config';
import type { FleetPlan } from './fleet-plan';
import type { Mutation } from './mutation';
import { patch, patchGetter } from './patch';

const FAN_OUT: Partial<FleetPlan> = {
  retrieval: { early: 'fan-out', late: 'fan-out' },
  subscriptionMs: 2500,
};
const FRAMES: Partial<FleetPlan> = { frames: 0.8 };
const LOST =
  /G[12] .*(arrived before|was lost|which is not stored|sent place \d+ behind|did not tell|before its ancestor)/;

/** Subscribes at other positions. */
function subscribingAt(
  inner: FanOutApi,
  change: (position: IteratorPosition, shardId: string) => IteratorPosition,
): FanOutApi {
  return {
    ...inner,
    subscribeToShard: (arn, shardId, position, options) =>
      inner.subscribeToShard(arn, shardId, change(position, shardId), options),
  };
}

/** Gets other events. */
function gettingEvents(
  inner: FanOutApi,
  change: (
    event: SubscriptionEvent,
    shardId: string,
    position: IteratorPosition,
  ) => SubscriptionEvent | Promise<SubscriptionEvent>,
): FanOutApi {
  return {
    ...inner,
    subscribeToShard: async (arn, shardId, position, options): Promise<ShardSubscription> => {
      const subscription = await inner.subscribeToShard(arn, shardId, position, options);
      return {
        serviceTime: subscription.serviceTime,
        next: async (wanted) => {
          const event = await subscription.next(wanted);
          return event === undefined ? undefined : change(event, shardId, position);
        },
        close: () => subscription.close(),
      };
    },
  };
}

/** Bugs of reading: KPL frames, enhanced fan-out, several streams. */
export const READING_MUTATIONS: readonly Mutation[] = [
  {
    name: 'resumes behind the record of its checkpoint, whatever is left of its frame',
    trouble: 'calm',
    within: 60,
    found: LOST,
    plan: {
      ...FRAMES,
      largeFrame: true,
      sendMs: 900,
      retrieval: { early: 'polling', late: 'polling' },
    },
    kinesis: (inner) => ({
      ...inner,
      getShardIterator: (stream, shardId, position, options) =>
        inner.getShardIterator(
          stream,
          shardId,
          position.type === 'AT_SEQUENCE_NUMBER' ? { ...position, type: 'AFTER_SEQUENCE_NUMBER' } : position,
          options,
        ),
    }),
  },
  {
    name: 'subscribes behind the record of its checkpoint, whatever is left of its frame',
    trouble: 'calm',
    within: 60,
    found: LOST,
    plan: { ...FRAMES, ...FAN_OUT, largeFrame: true, sendMs: 900 },
    fanOut: (inner) =>
      subscribingAt(inner, (position) =>
        position.type === 'AT_SEQUENCE_NUMBER' ? { ...position, type: 'AFTER_SEQUENCE_NUMBER' } : position,
      ),
  },
  {
    name: 'begins a frame anew in the middle of which its checkpoint is',
    trouble: 'calm',
    within: 60,
    found: /G3 \S+ \S+ sent record \d+, which its checkpoint covers|G3 .* came again/,
    plan: FRAMES,
    plant: () => patch(AggregateReader.prototype, 'skip', () => () => undefined),
  },
  {
    name: 'takes all places of a frame for one',
    trouble: 'calm',
    within: 20,
    found: /G3 \S+ (the checkpoint of \S+ renewal lacks|\S+ gave it up without) what was confirmed/,
    plan: FRAMES,
    plant: () =>
      patch(
        Progress.prototype,
        'confirm',
        (confirm) =>
          function (this: Progress, place) {
            confirm.call(this, { ...place, subSequenceNumber: 0 });
          },
      ),
  },
  {
    name: 'unpacks on without room',
    trouble: 'calm',
    within: 20,
    found: /G5 \S+ has unpacked \d+ records/,
    plan: { frames: 0.8, largeFrame: true, sendMs: 900 },
    plant: () => patchGetter(ShardTenure.prototype, 'outstanding', () => 0),
  },
  {
    name: 'leaves its checkpoint in front of what the filter drops',
    trouble: 'calm',
    within: 20,
    found: /the end: the checkpoint of \S+ is left behind/,
    plan: { frames: 0.8, subRecordFilter: 'drop', shards: 4 },
    plant: () => patch(ShardTenure.prototype, 'pass', () => () => undefined),
  },
  {
    name: 'goes on behind events that it has not handed out',
    trouble: 'faults',
    within: 60,
    found: LOST,
    plan: FAN_OUT,
    weather: { cutEvents: 0.3 },
    fanOut: (inner) => {
      const seen = new Map<string, string>();
      const noting = gettingEvents(inner, (event, shardId) => {
        if (event.continuation !== undefined) {
          seen.set(shardId, event.continuation);
        }
        return event;
      });
      return subscribingAt(noting, (position, shardId) => {
        const last = seen.get(shardId);
        const isAhead =
          position.type === 'AFTER_SEQUENCE_NUMBER' &&
          last !== undefined &&
          compareSequenceNumbers(last, position.sequenceNumber) > 0;
        return isAhead ? { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: last } : position;
      });
    },
  },
  {
    name: 'loses the records of the event that comes first when it has subscribed again',
    trouble: 'calm',
    within: 40,
    found: LOST,
    plan: FAN_OUT,
    fanOut: (inner) => {
      const first = new WeakSet<IteratorPosition>();
      return gettingEvents(inner, (event, _shardId, position) => {
        const isFirst = position.type === 'AFTER_SEQUENCE_NUMBER' && !first.has(position);
        first.add(position);
        return isFirst ? { ...event, records: [] } : event;
      });
    },
  },
  {
    name: 'subscribes again at the last record and takes it for a new one',
    trouble: 'calm',
    within: 40,
    found: /G[23] .*(again|sent place \d+ behind|checkpoint covers)/,
    plan: FAN_OUT,
    fanOut: (inner) =>
      subscribingAt(inner, (position) =>
        position.type === 'AFTER_SEQUENCE_NUMBER' ? { ...position, type: 'AT_SEQUENCE_NUMBER' } : position,
      ),
  },
  {
    name: 'takes an event that names its continuation for the end of a shard that is closed',
    trouble: 'calm',
    within: 60,
    found: LOST,
    plan: { ...FAN_OUT, streams: 1, eventBytes: 40, shardEnd: 'behind' },
    fanOut: (inner) =>
      gettingEvents(inner, async (event, shardId) => {
        const shards = await listAllShards(inner, { name: STREAMS[0] }, new AbortController().signal);
        const isClosed = shards.some((shard) => shard.shardId === shardId && !isOpen(shard));
        return isClosed ? { ...event, continuation: undefined } : event;
      }),
  },
  {
    name: 'creates children under the name of another stream',
    trouble: 'calm',
    within: 40,
    found: /G2 .* has the parents/,
    plan: { streams: 2, orphan: false },
    plant: () => {
      const ids = new Set<string>();
      return patch(
        StreamRows.prototype,
        'create',
        (create) =>
          function (this: StreamRows, lease, signal) {
            const { deps } = this as unknown as { readonly deps: RowsDeps };
            ids.add(this.id ?? '');
            const stream = [...ids].find((id) => id !== this.id) ?? this.id;
            return lease.parentShardIds.length > 0
              ? deps.table.create({ ...lease, stream }, signal)
              : create.call(this, lease, signal);
          },
      );
    },
  },
];

/** What the mutation above needs of rows it is not given. */
interface RowsDeps {
  readonly table: { create(lease: object, signal: AbortSignal): ReturnType<StreamRows['create']> };
}
