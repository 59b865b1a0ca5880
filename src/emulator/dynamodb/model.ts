import { type ServiceClock, ServiceError, type ServiceModel } from '../service-model';
import { Account, type DynamoDbOptions } from './account';
import { asFields } from './fields';
import { describeContinuousBackups, updateContinuousBackups } from './operations/continuous-backups';
import { createTable } from './operations/create-table';
import { deleteItem } from './operations/delete-item';
import { deleteTable } from './operations/delete-table';
import { describeTable } from './operations/describe-table';
import { getItem } from './operations/get-item';
import { listTables } from './operations/list-tables';
import { listTagsOfResource } from './operations/list-tags-of-resource';
import type { Operation } from './operations/operation';
import { putItem } from './operations/put-item';
import { query } from './operations/query';
import { scan } from './operations/scan';
import { tagResource } from './operations/tag-resource';
import { updateItem } from './operations/update-item';
import { updateTable } from './operations/update-table';

export type { DynamoDbOptions } from './account';

const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ['CreateTable', createTable],
  ['DeleteItem', deleteItem],
  ['DeleteTable', deleteTable],
  ['DescribeContinuousBackups', describeContinuousBackups],
  ['DescribeTable', describeTable],
  ['GetItem', getItem],
  ['ListTables', listTables],
  ['ListTagsOfResource', listTagsOfResource],
  ['PutItem', putItem],
  ['Query', query],
  ['Scan', scan],
  ['TagResource', tagResource],
  ['UpdateContinuousBackups', updateContinuousBackups],
  ['UpdateItem', updateItem],
  ['UpdateTable', updateTable],
]);

/**
 * DynamoDB as far as lease tables need it: tables with global secondary indexes, items with real conditions and
 * return values, expressions and their legacy forms. Every read is consistent. What it does not know it refuses.
 */
export function createDynamoDbModel(clock: ServiceClock, options: DynamoDbOptions = {}): ServiceModel {
  const own = options.accountId ?? '000000000000';
  const accounts = new Map<string, Account>();
  const accountOf = (id: string): Account => {
    const account = accounts.get(id) ?? new Account(clock, { ...options, accountId: id });
    accounts.set(id, account);
    return account;
  };
  return {
    target: 'DynamoDB_20120810',
    operations: [...OPERATIONS.keys()],
    invoke(operation, input, caller) {
      const run = OPERATIONS.get(operation);
      if (run === undefined) {
        throw new ServiceError('UnknownOperationException', '');
      }
      return run(accountOf(caller?.account ?? own), asFields(input));
    },
  };
}
