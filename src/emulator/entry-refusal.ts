import type { Random } from '../util/random';
import type { Fault } from './faults';
import type { ServiceModel } from './service-model';

type EntryRefusal = Fault & { kind: 'refuse-entries' };

interface PutRecordsInput {
  readonly Records?: readonly unknown[];
}

interface PutRecordsOutput {
  readonly FailedRecordCount: number;
  readonly Records: readonly unknown[];
}

const NONE: PutRecordsOutput = { FailedRecordCount: 0, Records: [] };

/** `service` whose PutRecords refuses some entries: it sees the others only, its answer names all in their order. */
export function refusing(service: ServiceModel, refusal: EntryRefusal, random: Random): ServiceModel {
  const { target, operations, wireTypes } = service;
  return {
    target,
    operations,
    ...(wireTypes && { wireTypes }),
    invoke: (operation, input, caller) =>
      refuseEntries(input, refusal, random, (rest) => service.invoke(operation, rest, caller)),
  };
}

/** As `refusing` does it with one request. */
export function refuseEntries(
  input: unknown,
  refusal: EntryRefusal,
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
    taken.length === 0 ? NONE : (invoke({ ...(input as object), Records: taken }) as PutRecordsOutput);
  const results = answered.Records.values();
  return {
    FailedRecordCount: answered.FailedRecordCount + entries.length - taken.length,
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
