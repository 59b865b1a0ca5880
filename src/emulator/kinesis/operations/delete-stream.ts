import { operation, STREAM_REF } from '../operation';

export const deleteStream = operation(
  { ...STREAM_REF, EnforceConsumerDeletion: { type: 'Boolean' } },
  (account, input): Record<string, never> => {
    account.delete(account.stream(input));
    return {};
  },
);
