import { operation, STREAM_REF } from '../operation';

/** Streams of the emulator have no tags. */
export const listTagsForStream = operation(
  {
    ...STREAM_REF,
    ExclusiveStartTagKey: { type: 'String', min: 1, max: 128 },
    Limit: { type: 'Integer', min: 1, max: 50 },
  },
  (account, input): { readonly Tags: readonly never[]; readonly HasMoreTags: false } => {
    account.stream(input);
    return { Tags: [], HasMoreTags: false };
  },
);
