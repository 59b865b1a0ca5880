import { ServiceError } from '../service-model';
import { type Account, invalidArgument } from './account';
import type { Consumer } from './consumers';
import type { Stream } from './stream';

/** A consumer as requests name it. */
export interface ConsumerRef {
  readonly ConsumerARN?: string | undefined;
  readonly StreamARN?: string | undefined;
  readonly ConsumerName?: string | undefined;
}

export interface Registration {
  readonly stream: Stream;
  readonly consumer: Consumer;
}

/** @throws ServiceError ResourceNotFoundException, InvalidArgumentException when it is not named, or in two ways */
export function registrationOf(account: Account, ref: ConsumerRef): Registration {
  const { ConsumerARN: arn, StreamARN: streamArn, ConsumerName: name } = ref;
  if (arn !== undefined) {
    const end = arn.indexOf('/consumer/');
    const stream = account.stream({ StreamARN: arn.slice(0, end) });
    const consumer = stream.consumers.list(account.now()).find((one) => one.arn === arn);
    const contradicts =
      (streamArn !== undefined && streamArn !== stream.settings.arn) ||
      (name !== undefined && name !== arn.slice(end).split(/[/:]/)[2]);
    if (contradicts) {
      throw invalidArgument(`StreamARN or ConsumerName does not match ConsumerARN ${arn}.`);
    }
    return found(account, stream, consumer, arn);
  }
  if (streamArn === undefined || name === undefined) {
    throw invalidArgument('Either ConsumerARN, or both StreamARN and ConsumerName should be provided.');
  }
  const stream = account.stream({ StreamARN: streamArn });
  return found(account, stream, stream.consumers.find(name, account.now()), name);
}

/** @throws ServiceError ResourceInUseException unless it is ACTIVE */
export function checkActive(account: Account, { stream, consumer }: Registration): void {
  if (consumer.status(account.now()) !== 'ACTIVE') {
    throw new ServiceError(
      'ResourceInUseException',
      `Consumer ${consumer.name} with creation timestamp ${consumer.creationSeconds} under stream: ` +
        `${stream.settings.name} , account ${account.id} is not in ACTIVE status.`,
    );
  }
}

export function consumerNotFound(account: Account, stream: Stream, name: string): ServiceError {
  return new ServiceError(
    'ResourceNotFoundException',
    `Consumer ${name} under stream ${stream.settings.name} and account ${account.id} not found.`,
  );
}

function found(
  account: Account,
  stream: Stream,
  consumer: Consumer | undefined,
  named: string,
): Registration {
  if (consumer === undefined) {
    throw consumerNotFound(account, stream, named);
  }
  return { stream, consumer };
}
