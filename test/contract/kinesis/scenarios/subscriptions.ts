import type { StartingPosition, SubscribeToShardEvent } from '@aws-sdk/client-kinesis';
import { MAX_HASH_KEY, middleOf } from '../../../../src/stream/hash-key';
import { systemClock } from '../../../../src/util/clock';
import { after, type Lab, shardId, textsOf } from '../lab';
import type { Scenario } from '../scenario';
import { withConsumers } from './consumers';

const SOURCE = 'Kinesis API, SubscribeToShard';

const HORIZON: StartingPosition = { Type: 'TRIM_HORIZON' };

/** Events that are looked at before an emulator that goes on with empty ones is believed to do so for ever. */
const MANY = 3;

const hasRecords = ({ Records }: SubscribeToShardEvent): boolean => (Records ?? []).length > 0;

const textsIn = (events: readonly SubscribeToShardEvent[]): string[] => events.flatMap(textsOf);

/** Name of the error that a subscription is answered with, or that stands in its place among the events. */
async function refusalOf(events: Promise<unknown>): Promise<string> {
  try {
    await events;
    return 'accepted';
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

/** Three records, each in a millisecond of its own, and a consumer. */
async function threeRecords(lab: Lab): Promise<{ stream: string; numbers: string[]; times: Date[] }> {
  const stream = await lab.stream(1);
  const numbers: string[] = [];
  const times: Date[] = [];
  for (const text of ['a', 'b', 'c']) {
    numbers.push((await lab.put(stream, text)).sequenceNumber);
    await after(systemClock.now() + 1);
  }
  const got = await lab.get(await lab.iterator(stream, { ShardIteratorType: 'TRIM_HORIZON' }));
  for (const { ApproximateArrivalTimestamp } of got.Records ?? []) {
    times.push(ApproximateArrivalTimestamp ?? new Date(0));
  }
  return { stream, numbers, times };
}

const SCENARIOS: readonly Scenario[] = [
  {
    promise: 'a subscription brings what is there, in order, and then what is put while it stands',
    source: SOURCE,
    observe: async (lab) => {
      const { stream } = await threeRecords(lab);
      const arn = await lab.consumer(stream);
      let put = false;
      const events = await lab.events(arn, HORIZON, async (event) => {
        if (put && hasRecords(event)) {
          return true;
        }
        if (!put) {
          put = true;
          await lab.put(stream, 'd');
        }
        return false;
      });
      return { texts: textsIn(events), behind: events.at(-1)?.MillisBehindLatest };
    },
    documented: { texts: ['a', 'b', 'c', 'd'], behind: 0 },
  },
  {
    promise: 'a subscription starts at each position as an iterator does',
    source: `${SOURCE}: StartingPosition`,
    observe: async (lab) => {
      const { stream, numbers, times } = await threeRecords(lab);
      const SequenceNumber = numbers[1] ?? '';
      const read = async (name: string, position: StartingPosition) =>
        textsIn(await lab.events(await lab.consumer(stream, name), position, hasRecords));
      const [horizon, at, behind, timestamp] = await Promise.all([
        read('horizon', HORIZON),
        read('at', { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber }),
        read('after', { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber }),
        read('timestamp', { Type: 'AT_TIMESTAMP', Timestamp: times[1] }),
      ]);
      return { horizon, at, behind, timestamp };
    },
    documented: { horizon: ['a', 'b', 'c'], at: ['b', 'c'], behind: ['c'], timestamp: ['b', 'c'] },
  },
  {
    promise: 'what follows the continuation is what came later',
    source: `${SOURCE}Event: ContinuationSequenceNumber`,
    observe: async (lab) => {
      const { stream } = await threeRecords(lab);
      const [event] = await lab.events(await lab.consumer(stream), HORIZON, hasRecords);
      await lab.put(stream, 'd');
      const SequenceNumber = event?.ContinuationSequenceNumber;
      const resumed = await lab.events(
        await lab.consumer(stream, 'resumed'),
        { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber },
        hasRecords,
      );
      return textsIn(resumed);
    },
    documented: ['d'],
  },
  {
    promise:
      'the last event of a closed shard names its children and has no continuation, then the stream ends',
    source: `${SOURCE}Event: ChildShards; ContinuationSequenceNumber`,
    observe: async (lab) => {
      const { stream } = await threeRecords(lab);
      const arn = await lab.consumer(stream);
      await lab.split(stream, 0, middleOf({ start: 0n, end: MAX_HASH_KEY }));
      let seen = 0;
      const events = await lab.events(arn, HORIZON, () => ++seen >= MANY);
      const last = events.at(-1);
      return {
        texts: textsIn(events),
        ended: seen < MANY,
        goesOn: last?.ContinuationSequenceNumber !== undefined,
        children: (last?.ChildShards ?? []).map(({ ShardId }) => ShardId),
      };
    },
    documented: {
      texts: ['a', 'b', 'c'],
      ended: true,
      goesOn: false,
      children: [shardId(1), shardId(2)],
    },
    differences: {
      'kinesis-local': {
        answers: { texts: ['a', 'b', 'c'], ended: false, goesOn: true, children: [] },
        because: 'it goes on with empty events',
      },
    },
  },
  {
    promise: 'a second subscription within 5 s of the first is refused, and the first goes on',
    source: `${SOURCE}: "within 5 seconds of a successful call, you'll get a ResourceInUseException"`,
    observe: async (lab) => {
      const stream = await lab.stream(1);
      const arn = await lab.consumer(stream);
      await lab.put(stream, 'a');
      let second = '';
      const events = await lab.events(arn, HORIZON, async (event) => {
        if (second !== '') {
          return hasRecords(event);
        }
        second = await refusalOf(lab.events(arn, HORIZON, () => true));
        await lab.put(stream, 'b');
        return false;
      });
      return { second, texts: textsIn(events) };
    },
    documented: { second: 'ResourceInUseException', texts: ['a', 'b'] },
  },
  ...(
    [
      ['an unknown consumer', 'ResourceNotFoundException', { arn: (arn: string) => `${arn}0` }],
      ['an unknown shard', 'ResourceNotFoundException', { shard: shardId(7) }],
      [
        'AT_SEQUENCE_NUMBER without a number',
        'InvalidArgumentException',
        { start: { Type: 'AT_SEQUENCE_NUMBER' } },
      ],
      [
        'a sequence number that is none',
        'InvalidArgumentException',
        { start: { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: '12' } },
      ],
    ] as const
  ).map(
    ([what, documented, asked]: readonly [string, string, Asked]): Scenario => ({
      promise: `a subscription with ${what} is refused`,
      source: `${SOURCE}: Errors`,
      observe: async (lab) => {
        const stream = await lab.stream(1);
        const arn = await lab.consumer(stream);
        const { arn: change = (same: string) => same, start = HORIZON, shard = shardId(0) } = asked;
        return refusalOf(lab.events(change(arn), start, () => true, shard));
      },
      documented,
      differences:
        asked.arn === undefined
          ? { 'kinesis-local': { answers: 'accepted', because: 'it sends empty events' } }
          : {},
    }),
  ),
];

interface Asked {
  readonly arn?: (arn: string) => string;
  readonly start?: StartingPosition;
  readonly shard?: string;
}

export const SUBSCRIPTIONS = SCENARIOS.map(withConsumers);
