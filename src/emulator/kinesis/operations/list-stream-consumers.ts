import { ServiceError } from '../../service-model';
import { type Account, invalidArgument } from '../account';
import type { WireConsumer } from '../consumers';
import { operation, STREAM_REF } from '../operation';
import type { Stream } from '../stream';
import { readToken, TOKEN_LIFE_MS, writeToken } from '../token';

const PAGE = 100;

export interface ListStreamConsumersOutput {
  readonly Consumers: readonly WireConsumer[];
  readonly NextToken?: string;
}

export const listStreamConsumers = operation(
  {
    StreamARN: { ...STREAM_REF.StreamARN, required: true },
    NextToken: { type: 'String', min: 1, max: 1_048_576 },
    MaxResults: { type: 'Integer', min: 1, max: 10_000 },
    StreamCreationTimestamp: { type: 'Timestamp' },
  },
  (account, input): ListStreamConsumersOutput => {
    const stream = account.stream(input);
    const now = account.now();
    const after = input.NextToken === undefined ? '' : lastNameOf(account, stream, input.NextToken);
    const consumers = stream.consumers.list(now).filter((consumer) => consumer.name > after);
    const page = consumers.slice(0, input.MaxResults ?? PAGE);
    const last = page.at(-1);
    return {
      Consumers: page.map((consumer) => consumer.describe(now)),
      ...(last &&
        page.length < consumers.length && {
          NextToken: writeToken(now, [stream.settings.arn, stream.settings.epoch, last.name]),
        }),
    };
  },
);

function lastNameOf(account: Account, stream: Stream, nextToken: string): string {
  const token = readToken(nextToken);
  const [arn, epoch, name] = token?.parts ?? [];
  if (token === undefined || arn !== stream.settings.arn || typeof name !== 'string') {
    throw invalidArgument('Invalid NextToken.');
  }
  if (account.now() - token.issuedAt > TOKEN_LIFE_MS || epoch !== stream.settings.epoch) {
    throw new ServiceError('ExpiredNextTokenException', 'The NextToken has expired.');
  }
  return name;
}
