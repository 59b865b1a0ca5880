import {
  DecreaseStreamRetentionPeriodCommand,
  DescribeStreamSummaryCommand,
  IncreaseStreamRetentionPeriodCommand,
} from '@aws-sdk/client-kinesis';
import type { Lab } from '../lab';
import type { Differences, Scenario } from '../scenario';

const ARGUMENT = 'InvalidArgumentException 400';

type Change = readonly ['increase' | 'decrease', hours: number];

async function change(
  lab: Lab,
  StreamName: string,
  [direction, RetentionPeriodHours]: Change,
): Promise<void> {
  const input = { StreamName, RetentionPeriodHours };
  await (direction === 'increase'
    ? lab.client.send(new IncreaseStreamRetentionPeriodCommand(input))
    : lab.client.send(new DecreaseStreamRetentionPeriodCommand(input)));
  await lab.settled(StreamName);
}

async function hoursOf(lab: Lab, StreamName: string): Promise<number | undefined> {
  const answer = await lab.client.send(new DescribeStreamSummaryCommand({ StreamName }));
  return answer.StreamDescriptionSummary?.RetentionPeriodHours;
}

/** Changes of the retention of a fresh stream; the last one is the one that is refused. */
function refusal(
  what: string,
  changes: readonly Change[],
  documented: string,
  differences: Differences = {},
): Scenario {
  return {
    promise: `a retention period ${what} is refused`,
    source:
      'Kinesis API, IncreaseStreamRetentionPeriod ("Must be more than the current retention period"), ' +
      'DecreaseStreamRetentionPeriod; Developer Guide: 24 to 8760 hours',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      const answers: string[] = [];
      for (const one of changes) {
        answers.push(await lab.failure(change(lab, stream, one)));
      }
      return answers.at(-1);
    },
    documented,
    differences,
  };
}

const ACCEPTED = { answers: 'accepted', because: 'it accepts it' };
const EITHER: Differences = { kinesalite: ACCEPTED, 'kinesis-local': ACCEPTED };

export const RETENTION: readonly Scenario[] = [
  {
    promise: 'the retention period goes up and down, and the records stay',
    source: 'Kinesis API, IncreaseStreamRetentionPeriod, DecreaseStreamRetentionPeriod',
    observe: async (lab) => {
      const stream = await lab.stream(1);
      await lab.put(stream, 'a');
      const hours: (number | undefined)[] = [];
      for (const one of [
        ['increase', 72],
        ['decrease', 48],
      ] satisfies Change[]) {
        await change(lab, stream, one);
        hours.push(await hoursOf(lab, stream));
      }
      return { hours, read: await lab.read(stream, { ShardIteratorType: 'TRIM_HORIZON' }) };
    },
    documented: { hours: [72, 48], read: ['a'] },
  },
  refusal(
    'of fewer than 24 hours',
    [
      ['increase', 48],
      ['decrease', 23],
    ],
    ARGUMENT,
  ),
  refusal('of more than 8760 hours', [['increase', 8761]], 'ValidationException 400', {
    'kinesis-local': { answers: ARGUMENT, because: `it says ${ARGUMENT}` },
  }),
  refusal(
    'increased to less',
    [
      ['increase', 72],
      ['increase', 48],
    ],
    ARGUMENT,
  ),
  refusal('decreased to more', [['decrease', 48]], ARGUMENT),
  refusal('increased to itself', [['increase', 24]], ARGUMENT, EITHER),
  refusal('decreased to itself', [['decrease', 24]], ARGUMENT, EITHER),
];
