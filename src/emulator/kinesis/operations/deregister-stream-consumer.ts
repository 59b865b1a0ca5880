import { CONSUMER_REF, operation } from '../operation';
import { consumerNotFound, registrationOf } from '../registration';

export const deregisterStreamConsumer = operation(CONSUMER_REF, (account, input): Record<string, never> => {
  const { stream, consumer } = registrationOf(account, input);
  stream.consumers.deregister([consumer], account.now(), account.settings.settleMs, ({ arn }) =>
    consumerNotFound(account, stream, arn),
  );
  return {};
});
