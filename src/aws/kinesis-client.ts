import { GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-kinesis';
import type { AwsSettings, GetRecordsProtocol } from '../config/types';
import type { Logger } from '../util/logger';
import type { AnswerOptions } from './answer-handler';
import { callsTo } from './call';
import { type AwsDependencies, createKinesisClient } from './clients';
import { credentialSource } from './credentials';
import type { IteratorPosition, KinesisApi } from './kinesis-api';
import type { RecordsExchange, RecordsQuery } from './records-exchange';
import { RecordsProtocol } from './records-protocol';
import { labelOf, named, present, streamCalls } from './stream-calls';

export interface KinesisDependencies extends AwsDependencies {
  /** `auto` when absent. */
  readonly getRecordsProtocol?: GetRecordsProtocol;
  readonly logger?: Logger;
}

/**
 * Kinesis over the AWS SDK, which signs and sends requests. Those for records are written here and their answers read
 * here: that takes a fraction of the SDK's time. `close` gives up its connections.
 */
export function createKinesisApi(
  settings: AwsSettings,
  deps: KinesisDependencies,
): KinesisApi & { close(): void } {
  const client = createKinesisClient(settings, deps);
  const call = callsTo('kinesis', credentialSource(settings.credentials, settings, deps));
  const protocol = new RecordsProtocol(deps.getRecordsProtocol ?? 'auto', deps.logger);

  return {
    ...streamCalls(client, call),

    getShardIterator: (stream, shardId, position, options) =>
      call('GetShardIterator', `${labelOf(stream)}/${shardId}`, options, async (handler) => {
        const input = { ...named(stream), ShardId: shardId, ...startOf(position) };
        const answer = await client.send(new GetShardIteratorCommand(input), handler);
        return present(answer.ShardIterator, 'ShardIterator');
      }),

    getRecords: (stream, { iterator, limit }, options) =>
      call('GetRecords', labelOf(stream), options, async (handler) => {
        const arn = stream.arn === undefined ? {} : { StreamARN: stream.arn };
        const query = { ShardIterator: iterator, Limit: limit, ...arn };
        let serviceTime: number | undefined;
        const send = async (exchange: RecordsExchange): Promise<void> => {
          const answerOptions: AnswerOptions = {
            ...handler,
            ...(options?.admit === undefined ? {} : { admit: options.admit }),
            onDate: (date) => {
              serviceTime = date;
            },
            take: (body) => exchange.take(body),
            explain: (status, body) => exchange.explain(status, body),
          };
          await client.send(readyCommand(query, exchange), answerOptions);
        };
        const { records, nextIterator, millisBehindLatest, childShards } = await protocol.ask(query, send);
        return { records, nextIterator, millisBehindLatest, childShards, serviceTime };
      }),

    close: () => client.destroy(),
  };
}

function startOf(position: IteratorPosition) {
  switch (position.type) {
    case 'TRIM_HORIZON':
    case 'LATEST':
      return { ShardIteratorType: position.type };
    case 'AT_TIMESTAMP':
      return { ShardIteratorType: position.type, Timestamp: new Date(position.timestamp) };
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER':
      return { ShardIteratorType: position.type, StartingSequenceNumber: position.sequenceNumber };
  }
}

/** A GetRecords whose body is that of `exchange`. */
function readyCommand(query: RecordsQuery, { request, contentType }: RecordsExchange): GetRecordsCommand {
  const command = new GetRecordsCommand(query);
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { readonly headers: { readonly [name: string]: string } };
      Object.assign(args.request as object, {
        body: request,
        headers: { ...headers, 'content-type': contentType, accept: contentType },
      });
      return next(args);
    },
    // Before the length and the signature are made.
    { step: 'build', priority: 'high', name: 'getRecordsBody' },
  );
  return command;
}
