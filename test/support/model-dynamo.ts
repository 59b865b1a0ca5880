import type { TableDescription, Tag } from '@aws-sdk/client-dynamodb';
import type { DynamoApi, Item } from '../../src/aws/dynamo-api';
import { createDynamoDbModel } from '../../src/emulator/dynamodb/model';
import { ServiceError, type ServiceModel } from '../../src/emulator/service-model';
import { ConnectorError, type ErrorCode } from '../../src/errors';
import type { Clock } from '../../src/util/clock';

const CODES: { readonly [type: string]: ErrorCode } = {
  ConditionalCheckFailedException: 'LEASE_TABLE_CONDITION',
  ResourceNotFoundException: 'LEASE_TABLE_NOT_FOUND',
  TableNotFoundException: 'LEASE_TABLE_NOT_FOUND',
  ContinuousBackupsUnavailableException: 'LEASE_TABLE_NOT_READY',
};

/** The embedded DynamoDB without sockets, on the clock of the test: real conditions, no waiting. */
export function modelDynamo(
  clock: Clock,
  model: ServiceModel = createDynamoDbModel(clock),
): DynamoApi & { readonly model: ServiceModel } {
  const call = async (operation: string, input: object): Promise<{ readonly [member: string]: unknown }> => {
    await Promise.resolve();
    try {
      return model.invoke(operation, input) as { readonly [member: string]: unknown };
    } catch (error) {
      if (error instanceof ServiceError) {
        throw new ConnectorError(CODES[error.type] ?? 'AWS_UNKNOWN', error.message, { cause: error });
      }
      throw error;
    }
  };
  return {
    model,
    createTable: async (input) => void (await call('CreateTable', input)),
    describeTable: async (TableName) => {
      try {
        return (await call('DescribeTable', { TableName })).Table as TableDescription;
      } catch {
        return undefined;
      }
    },
    updateContinuousBackups: async (input) => void (await call('UpdateContinuousBackups', input)),
    hasPointInTimeRecovery: async (TableName) =>
      JSON.stringify(await call('DescribeContinuousBackups', { TableName })).includes(
        '"PointInTimeRecoveryStatus":"ENABLED"',
      ),
    listTags: async (ResourceArn) => (await call('ListTagsOfResource', { ResourceArn })).Tags as Tag[],
    putItem: async (input) => void (await call('PutItem', input)),
    updateItem: async (input) => ((await call('UpdateItem', input)).Attributes ?? {}) as Item,
    getItem: async (input) => (await call('GetItem', input)).Item as Item | undefined,
    deleteItem: async (input) => void (await call('DeleteItem', input)),
    scan: async (input) => {
      const answer = await call('Scan', input);
      return { items: answer.Items as Item[], lastKey: answer.LastEvaluatedKey as Item | undefined };
    },
  };
}
