import { ListStreamConsumersCommand, ListTagsForStreamCommand } from '@aws-sdk/client-kinesis';
import type { AwsSettings } from '../config/types';
import { callsTo } from './call';
import type { CatalogApi } from './catalog-api';
import { type AwsDependencies, createKinesisPutClient } from './clients';
import { consumerOf } from './fan-out-client';
import { labelOf, named, present } from './stream-calls';

/** Source: Kinesis API, ListTagsForStream. */
const TAGS_A_PAGE = 50;

/** What people ask about streams, over the AWS SDK. `close` gives up its connections. */
export function createCatalogApi(
  settings: AwsSettings,
  deps: AwsDependencies,
): CatalogApi & { close(): void } {
  const client = createKinesisPutClient(settings, deps);
  const call = callsTo('kinesis');

  return {
    listConsumers: (streamArn, { nextToken }, options) =>
      call('ListStreamConsumers', streamArn, options, async (handler) => {
        const page = nextToken === undefined ? {} : { NextToken: nextToken };
        const command = new ListStreamConsumersCommand({ StreamARN: streamArn, ...page });
        const answer = await client.send(command, handler);
        return { consumers: (answer.Consumers ?? []).map(consumerOf), nextToken: answer.NextToken };
      }),

    listTags: (stream, options) =>
      call('ListTagsForStream', labelOf(stream), options, async (handler) => {
        const command = new ListTagsForStreamCommand({ ...named(stream), Limit: TAGS_A_PAGE });
        const answer = await client.send(command, handler);
        return (answer.Tags ?? []).map(({ Key, Value = '' }) => ({ key: present(Key, 'Key'), value: Value }));
      }),

    close: () => client.destroy(),
  };
}
