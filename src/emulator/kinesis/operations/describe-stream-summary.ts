import { operation, STREAM_REF } from '../operation';
import { limitCalls } from '../read-limits';
import { type StreamSummary, summarise } from '../summary';

export const describeStreamSummary = operation(
  STREAM_REF,
  (account, input): { readonly StreamDescriptionSummary: StreamSummary } => {
    limitCalls(
      account.descriptions,
      account.settings.readLimits?.describeStreamSummary,
      account.now(),
      `account ${account.id}`,
    );
    return { StreamDescriptionSummary: summarise(account.stream(input), account.now()) };
  },
);
