import { ServiceError } from '../../service-model';
import { operation, STREAM_REF } from '../operation';

export const deleteStream = operation(
  { ...STREAM_REF, EnforceConsumerDeletion: { type: 'Boolean' } },
  (account, input): Record<string, never> => {
    const stream = account.stream(input);
    const { name } = stream.settings;
    if (input.EnforceConsumerDeletion !== true && stream.consumers.list(account.now()).length > 0) {
      throw new ServiceError(
        'ResourceInUseException',
        `DeleteStream can't delete ${account.id}:${name} because there are consumers associated with this data ` +
          `stream. To delete ${name} anyway, set the EnforceConsumerDeletion parameter to true to force the ` +
          'deletion of all the consumers that are associated with it.',
      );
    }
    account.delete(stream);
    return {};
  },
);
