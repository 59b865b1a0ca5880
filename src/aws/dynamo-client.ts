import {
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { AwsSettings } from '../config/types';
import { isConnectorError } from '../errors';
import { callsTo } from './call';
import { type AwsDependencies, createDynamoClient } from './clients';
import type { DynamoApi } from './dynamo-api';

/** DynamoDB over the AWS SDK. `close` gives up its connections. */
export function createDynamoApi(settings: AwsSettings, deps: AwsDependencies): DynamoApi & { close(): void } {
  const client = createDynamoClient(settings, deps);

  const call = callsTo('dynamodb');

  return {
    createTable: async (input, options) => {
      try {
        await call('CreateTable', tableOf(input), options, (handler) =>
          client.send(new CreateTableCommand(input), handler),
        );
      } catch (error) {
        // ResourceInUse: another worker created it, perhaps a moment ago.
        if (!isConnectorError(error, 'LEASE_TABLE_NOT_READY')) {
          throw error;
        }
      }
    },

    describeTable: async (tableName, options) => {
      try {
        const answer = await call('DescribeTable', tableName, options, (handler) =>
          client.send(new DescribeTableCommand({ TableName: tableName }), handler),
        );
        return answer.Table;
      } catch (error) {
        if (isConnectorError(error, 'LEASE_TABLE_NOT_FOUND')) {
          return undefined;
        }
        throw error;
      }
    },

    putItem: async (input, options) => {
      await call('PutItem', tableOf(input), options, (handler) =>
        client.send(new PutItemCommand(input), handler),
      );
    },

    updateItem: async (input, options) => {
      const answer = await call('UpdateItem', tableOf(input), options, (handler) =>
        client.send(new UpdateItemCommand(input), handler),
      );
      return answer.Attributes ?? {};
    },

    getItem: async (input, options) => {
      const answer = await call('GetItem', tableOf(input), options, (handler) =>
        client.send(new GetItemCommand(input), handler),
      );
      return answer.Item;
    },

    deleteItem: async (input, options) => {
      await call('DeleteItem', tableOf(input), options, (handler) =>
        client.send(new DeleteItemCommand(input), handler),
      );
    },

    scan: async (input, options) => {
      const answer = await call('Scan', tableOf(input), options, (handler) =>
        client.send(new ScanCommand(input), handler),
      );
      return { items: answer.Items ?? [], lastKey: answer.LastEvaluatedKey };
    },

    close: () => client.destroy(),
  };
}

function tableOf(input: { readonly TableName?: string | undefined }): string {
  return input.TableName ?? 'a table';
}
