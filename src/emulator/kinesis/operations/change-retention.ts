import type { InputOf } from '../../shape';
import { type Account, invalidArgument } from '../account';
import { operation, STREAM_REF } from '../operation';

const HOUR = 3_600_000;

/** Hours. Source: Kinesis Developer Guide, Change the data retention period. */
const SHORTEST = 24;
const LONGEST = 8760;

const SHAPE = {
  ...STREAM_REF,
  RetentionPeriodHours: { type: 'Integer', required: true, min: 1, max: LONGEST },
} as const;

/** Source: Kinesis API, IncreaseStreamRetentionPeriod: "Must be more than the current retention period". */
export const increaseStreamRetentionPeriod = operation(SHAPE, (account, input) =>
  change(account, input, 'longer', 'DecreaseStreamRetentionPeriod'),
);

/** Source: Kinesis API, DecreaseStreamRetentionPeriod: "Must be less than the current retention period". */
export const decreaseStreamRetentionPeriod = operation(SHAPE, (account, input) =>
  change(account, input, 'shorter', 'IncreaseStreamRetentionPeriod'),
);

function change(
  account: Account,
  input: InputOf<typeof SHAPE>,
  direction: 'longer' | 'shorter',
  other: string,
): Record<string, never> {
  const stream = account.activeStream(input);
  const hours = input.RetentionPeriodHours;
  const present = stream.retentionMs / HOUR;
  const requested = `Requested retention period (${hours} hours)`;
  if (hours < SHORTEST) {
    throw invalidArgument(
      `Minimum allowed retention period is ${SHORTEST} hours. ${requested} is too short.`,
    );
  }
  if (direction === 'longer' ? hours <= present : hours >= present) {
    throw invalidArgument(
      `${requested} for stream ${stream.settings.name} must be ${direction} than existing retention period ` +
        `(${present} hours). Use ${other} API.`,
    );
  }
  stream.begin('UPDATING', account.now(), account.settings.settleMs, () =>
    stream.retain(hours * HOUR, account.now()),
  );
  return {};
}
