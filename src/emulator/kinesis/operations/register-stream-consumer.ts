import { ServiceError } from '../../service-model';
import type { WireConsumer } from '../consumers';
import { CONSUMER_REF, operation } from '../operation';

export const registerStreamConsumer = operation(
  {
    StreamARN: { ...CONSUMER_REF.StreamARN, required: true },
    ConsumerName: { ...CONSUMER_REF.ConsumerName, required: true },
  },
  (account, input): { readonly Consumer: WireConsumer } => {
    const stream = account.stream(input);
    if (stream.status === 'CREATING' || stream.status === 'DELETING') {
      throw new ServiceError(
        'ResourceInUseException',
        `Stream ${stream.settings.name} under account ${account.id} not ACTIVE, instead in state ${stream.status}`,
      );
    }
    const { settleMs, consumerLimit } = account.settings;
    const now = account.now();
    return {
      Consumer: stream.consumers.register(input.ConsumerName, now, settleMs, consumerLimit).describe(now),
    };
  },
);
