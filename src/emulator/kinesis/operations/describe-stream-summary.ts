import { operation, STREAM_REF } from '../operation';
import { type StreamSummary, summarise } from '../summary';

export const describeStreamSummary = operation(
  STREAM_REF,
  (account, input): { readonly StreamDescriptionSummary: StreamSummary } => ({
    StreamDescriptionSummary: summarise(account.stream(input)),
  }),
);
