import { ServiceError } from '../../service-model';
import type { InputOf } from '../../shape';
import { type Account, invalidArgument } from '../account';
import { operation, SHARD_ID, STREAM_REF } from '../operation';
import { limitCalls } from '../read-limits';
import type { ShardDescription } from '../shard';
import { type ShardFilter, shardFilter } from '../shard-filter';
import type { Stream } from '../stream';
import { readToken, TOKEN_LIFE_MS, writeToken } from '../token';

const PAGE = 1000;

const SHAPE = {
  ...STREAM_REF,
  NextToken: { type: 'String', min: 1, max: 1_048_576 },
  ExclusiveStartShardId: SHARD_ID,
  MaxResults: { type: 'Integer', min: 1, max: 10_000 },
  StreamCreationTimestamp: { type: 'Timestamp' },
  ShardFilter: {
    type: 'Structure',
    fields: {
      Type: {
        type: 'String',
        required: true,
        values: [
          'AFTER_SHARD_ID',
          'AT_TRIM_HORIZON',
          'FROM_TRIM_HORIZON',
          'AT_LATEST',
          'AT_TIMESTAMP',
          'FROM_TIMESTAMP',
        ],
      },
      ShardId: SHARD_ID,
      Timestamp: { type: 'Timestamp' },
    },
  },
} as const;

interface Page {
  readonly stream: Stream;
  readonly after: string;
  readonly filter: ShardFilter;
}

export interface ListShardsOutput {
  readonly Shards: readonly ShardDescription[];
  readonly NextToken?: string;
}

export const listShards = operation(SHAPE, (account, input): ListShardsOutput => {
  const { stream, after, filter } =
    input.NextToken === undefined ? firstPage(account, input) : nextPage(account, input, input.NextToken);
  limitCalls(
    stream.listings,
    account.settings.readLimits?.listShards,
    account.now(),
    `stream ${stream.settings.name} under account ${account.id}`,
  );
  const matches = shardFilter(filter, stream, account.now());
  const shards = stream.shards.filter((shard) => shard.id > after && matches(shard));
  const page = shards.slice(0, Math.min(input.MaxResults ?? PAGE, PAGE));
  const last = page.at(-1);
  return {
    Shards: page.map((shard) => shard.describe()),
    ...(last &&
      page.length < shards.length && {
        NextToken: writeToken(account.now(), [
          stream.settings.arn,
          stream.settings.epoch,
          last.id,
          JSON.stringify(filter),
        ]),
      }),
  };
});

function firstPage(account: Account, input: InputOf<typeof SHAPE>): Page {
  if (input.StreamName === undefined && input.StreamARN === undefined) {
    throw invalidArgument('Either NextToken or StreamName should be provided.');
  }
  return {
    stream: account.stream(input),
    after: input.ExclusiveStartShardId ?? '',
    filter: input.ShardFilter ?? { Type: 'FROM_TRIM_HORIZON' },
  };
}

function nextPage(account: Account, input: InputOf<typeof SHAPE>, nextToken: string): Page {
  if (input.StreamName !== undefined || input.StreamCreationTimestamp !== undefined) {
    throw invalidArgument('NextToken and StreamName cannot be provided together.');
  }
  if (input.ExclusiveStartShardId !== undefined) {
    throw invalidArgument('NextToken and ExclusiveStartShardId cannot be provided together.');
  }
  if (input.ShardFilter !== undefined) {
    throw invalidArgument('NextToken and ShardFilter cannot be provided together.');
  }
  const token = readToken(nextToken);
  const [arn, epoch, after, filter] = token?.parts ?? [];
  if (
    token === undefined ||
    typeof arn !== 'string' ||
    typeof after !== 'string' ||
    typeof filter !== 'string'
  ) {
    throw invalidArgument('Invalid NextToken.');
  }
  if (account.now() - token.issuedAt > TOKEN_LIFE_MS) {
    throw new ServiceError('ExpiredNextTokenException', 'The NextToken has expired.');
  }
  const stream = account.stream({ StreamARN: arn });
  if (stream.settings.epoch !== epoch) {
    throw account.streamNotFound(stream.settings.name);
  }
  return { stream, after, filter: JSON.parse(filter) as ShardFilter };
}
