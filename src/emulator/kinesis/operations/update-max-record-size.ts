import { MAX_RECORD_KIB, operation, STREAM_REF } from '../operation';

export const updateMaxRecordSize = operation(
  { StreamARN: STREAM_REF.StreamARN, MaxRecordSizeInKiB: { ...MAX_RECORD_KIB, required: true } },
  (account, input): Record<string, never> => {
    const stream = account.activeStream(input);
    stream.begin('UPDATING', account.now(), account.settings.settleMs, () => {
      stream.maxRecordBytes = input.MaxRecordSizeInKiB * 1024;
    });
    return {};
  },
);
