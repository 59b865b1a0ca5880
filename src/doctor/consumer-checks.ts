import type { ConsumerRef } from '../aws/fan-out-api';
import { isConnectorError } from '../errors';
import { type Check, failed, ok, warning } from './check';
import type { ExaminedStream } from './examined-stream';
import type { SourceSubject } from './subject';

/** Whether the fan-out consumer is there; one that is named is registered at the start where it is not. */
export function consumerCheck({ config, reach, group }: SourceSubject, stream: ExaminedStream): Check {
  const { consumer, mode } = config.retrieval;
  return {
    key: stream.key('consumer'),
    id: 'stream.consumer',
    group,
    title: `fan-out consumer of ${stream.label}`,
    needs: [stream.key('state')],
    run: async (signal) => {
      const streamArn = stream.description?.arn ?? '';
      const ref: ConsumerRef =
        'arn' in consumer ? { consumerArn: consumer.arn } : { streamArn, consumerName: consumer.name };
      const words = 'arn' in consumer ? consumer.arn : consumer.name;
      try {
        const { status, arn } = await reach.fanOut(stream.place).describeStreamConsumer(ref, { signal });
        if (!arn.startsWith(`${streamArn}/`)) {
          return failed(
            `${arn} is a consumer of another stream`,
            'Correct consumerArn, or leave it out: then the consumer is registered.',
            'KINESIS_CONSUMER_NOT_FOUND',
          );
        }
        stream.consumerArn = arn;
        return status === 'ACTIVE'
          ? ok(`${words} is ACTIVE`)
          : warning(`${words} is ${status}`, 'Nothing: it is waited for.');
      } catch (error) {
        if (!('name' in consumer) || !isConnectorError(error, 'KINESIS_CONSUMER_NOT_FOUND')) {
          throw error;
        }
        const otherwise = mode === 'auto' ? ', or the shards are polled' : '';
        return ok(`no consumer ${words} yet: it is registered at the start${otherwise}`);
      }
    },
  };
}
