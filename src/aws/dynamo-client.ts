import {
  CreateTableCommand,
  DeleteItemCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  GetItemCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  ScanCommand,
  type Tag,
  UpdateContinuousBackupsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { AwsSettings } from '../config/types';
import { isConnectorError } from '../errors';
import type { AnswerOptions } from './answer-handler';
import { callsTo } from './call';
import { type AwsDependencies, createDynamoClient } from './clients';
import { credentialSource } from './credentials';
import type { DynamoApi } from './dynamo-api';

/** DynamoDB over the AWS SDK. `close` gives up its connections. */
export function createDynamoApi(settings: AwsSettings, deps: AwsDependencies): DynamoApi & { close(): void } {
  const client = createDynamoClient(settings, deps);
  const credentials = settings.dynamoCredentials ?? settings.credentials;
  const call = callsTo('dynamodb', credentialSource(credentials, settings, deps));

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

    updateContinuousBackups: async (input, options) => {
      await call('UpdateContinuousBackups', tableOf(input), options, (handler) =>
        client.send(new UpdateContinuousBackupsCommand(input), handler),
      );
    },

    hasPointInTimeRecovery: async (tableName, options) => {
      const answer = await call('DescribeContinuousBackups', tableName, options, (handler) =>
        client.send(new DescribeContinuousBackupsCommand({ TableName: tableName }), handler),
      );
      const recovery = answer.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
      return recovery?.PointInTimeRecoveryStatus === 'ENABLED';
    },

    listTags: async (tableArn, options) => {
      const tags: Tag[] = [];
      let next: string | undefined;
      do {
        const input = { ResourceArn: tableArn, ...(next === undefined ? {} : { NextToken: next }) };
        const answer = await call('ListTagsOfResource', tableArn, options, (handler) =>
          client.send(new ListTagsOfResourceCommand(input), handler),
        );
        tags.push(...(answer.Tags ?? []));
        next = answer.NextToken;
      } while (next !== undefined);
      return tags;
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
      let serviceTime: number | undefined;
      const answer = await call('Scan', tableOf(input), options, (handler) => {
        const handlerWithDate: AnswerOptions = {
          ...handler,
          onDate: (date) => {
            serviceTime = date;
          },
        };
        return client.send(new ScanCommand(input), handlerWithDate);
      });
      return { items: answer.Items ?? [], lastKey: answer.LastEvaluatedKey, serviceTime };
    },

    close: () => client.destroy(),
  };
}

function tableOf(input: { readonly TableName?: string | undefined }): string {
  return input.TableName ?? 'a table';
}
