import { ServiceError } from '../../service-model';
import { allowOnly, required, text } from '../fields';
import type { Operation } from './operation';

export const listTagsOfResource: Operation = (account, input) => {
  allowOnly(input, ['ResourceArn']);
  const arn = required('ResourceArn', text(input, 'ResourceArn'));
  const name = account.names().find((candidate) => account.arn(candidate) === arn);
  if (name === undefined) {
    throw new ServiceError(
      'ResourceNotFoundException',
      `Requested resource not found: ResourcArn: ${arn} not found`,
    );
  }
  return { Tags: [...account.table(name).tags].map(([Key, Value]) => ({ Key, Value })) };
};
