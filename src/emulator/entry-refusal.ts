import type { Random } from '../util/random';
import type { Fault } from './faults';

interface PutRecordsInput {
  readonly Records?: readonly unknown[];
}

interface PutRecordsOutput {
  readonly Records: readonly unknown[];
}

/** PutRecords of which some entries are refused: `invoke` sees the others only, the answer names all in their order. */
export function refuseEntries(
  input: unknown,
  refusal: Fault & { kind: 'refuse-entries' },
  random: Random,
  invoke: (input: unknown) => unknown,
): unknown {
  const entries = (input as PutRecordsInput).Records ?? [];
  const refused = entries.map(() => random.next() < refusal.share);
  const taken = entries.filter((_, index) => !refused[index]);
  if (taken.length === entries.length) {
    return invoke(input);
  }
  const answered =
    taken.length === 0 ? [] : (invoke({ ...(input as object), Records: taken }) as PutRecordsOutput).Records;
  const results = answered.values();
  return {
    FailedRecordCount: entries.length - taken.length,
    Records: refused.map((isRefused) =>
      isRefused
        ? { ErrorCode: refusal.errorCode, ErrorMessage: entryErrorMessage(refusal.errorCode) }
        : results.next().value,
    ),
  };
}

function entryErrorMessage(errorCode: string): string {
  return errorCode === 'InternalFailure' ? 'Internal Service Failure' : 'Rate exceeded for shard.';
}
