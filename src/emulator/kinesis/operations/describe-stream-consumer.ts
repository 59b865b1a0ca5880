import type { WireConsumer } from '../consumers';
import { CONSUMER_REF, operation } from '../operation';
import { limitCalls } from '../read-limits';
import { registrationOf } from '../registration';

export interface WireConsumerDescription extends WireConsumer {
  readonly StreamARN: string;
}

export const describeStreamConsumer = operation(
  CONSUMER_REF,
  (account, input): { readonly ConsumerDescription: WireConsumerDescription } => {
    const { stream, consumer } = registrationOf(account, input);
    const now = account.now();
    limitCalls(
      stream.consumerDescriptions,
      account.settings.readLimits?.describeStreamConsumer,
      now,
      `stream ${stream.settings.name} under account ${account.id}`,
    );
    return { ConsumerDescription: { ...consumer.describe(now), StreamARN: stream.settings.arn } };
  },
);
