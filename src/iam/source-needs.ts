import type { KinesisSourceConfig } from '../config';
import { MOVING, type Need, RUNNING } from './need';

type SourceSettings = Pick<KinesisSourceConfig, 'retrieval' | 'leaseTable'>;

/** Of looking at a stream and at its records. */
export const EXPLORING: readonly Need[] = [
  {
    action: 'kinesis:DescribeStreamSummary',
    phases: ['explore'],
    reason: 'shows state, retention and size of a stream',
  },
  { action: 'kinesis:ListShards', phases: ['explore'], reason: 'shows the shards of a stream' },
  {
    action: 'kinesis:GetShardIterator',
    phases: ['explore'],
    reason: 'goes to the place in a shard that is looked at',
  },
  { action: 'kinesis:GetRecords', phases: ['explore'], reason: 'shows records' },
  {
    action: 'kinesis:ListStreamConsumers',
    phases: ['explore'],
    reason: 'shows the fan-out consumers of a stream; without it `streams describe` leaves them out',
    optional: true,
  },
  {
    action: 'kinesis:ListTagsForStream',
    phases: ['explore'],
    reason: 'shows the tags of a stream; without it `streams describe` leaves them out',
    optional: true,
  },
];

/** Of each stream that is read. */
export function streamNeeds({ retrieval }: SourceSettings): Need[] {
  const { mode, consumer, lifecycle } = retrieval;
  const isAuto = mode === 'auto';
  const polling: readonly Need[] = [
    {
      action: 'kinesis:GetShardIterator',
      phases: RUNNING,
      reason: isAuto ? 'polls, where fan-out is not to be had' : 'finds the place to read from',
      optional: isAuto,
    },
    {
      action: 'kinesis:GetRecords',
      phases: RUNNING,
      reason: isAuto ? 'polls, where fan-out is not to be had' : 'reads the records',
      optional: isAuto,
    },
  ];
  const registering: Need = {
    action: 'kinesis:RegisterStreamConsumer',
    // One that is managed goes with the last worker that stops.
    phases: lifecycle === 'managed' ? RUNNING : ['first-start'],
    reason: `registers the fan-out consumer where there is none${isAuto ? '; without it the source polls' : ''}`,
    optional: isAuto,
  };
  return [
    {
      action: 'kinesis:DescribeStreamSummary',
      phases: [...RUNNING, ...MOVING],
      reason: 'tells whether the stream can be read, since when it exists and how long it keeps records',
    },
    {
      action: 'kinesis:ListShards',
      phases: [...RUNNING, ...MOVING],
      reason: 'finds the shards, and what comes after a split or a merge',
    },
    ...(mode === 'fan-out' ? [] : polling),
    ...(mode === 'polling' || !('name' in consumer) ? [] : [registering]),
    {
      action: 'kinesis:GetShardIterator',
      phases: ['offsets'],
      reason: '`offsets set` asks whether the record is there',
    },
    {
      action: 'kinesis:GetRecords',
      phases: ['offsets'],
      reason: '`offsets set` asks whether the record is there',
    },
  ];
}

/** Of the consumer of each stream. */
export function consumerNeeds({ retrieval: { mode, lifecycle } }: SourceSettings): Need[] {
  if (mode === 'polling') {
    return [];
  }
  const optional = mode === 'auto';
  const else_ = optional ? '; without it the source polls' : '';
  return [
    {
      action: 'kinesis:DescribeStreamConsumer',
      phases: RUNNING,
      reason: `finds the fan-out consumer${else_}`,
      optional,
    },
    {
      action: 'kinesis:SubscribeToShard',
      phases: RUNNING,
      reason: `reads the records by enhanced fan-out${else_}`,
      optional,
    },
    ...(lifecycle === 'managed'
      ? [
          {
            action: 'kinesis:DeregisterStreamConsumer',
            phases: RUNNING,
            reason:
              'deregisters the consumer when the last worker stops; without it it stays, and is paid for',
            optional: true,
          },
        ]
      : []),
  ];
}

/** Of the lease table. */
export function leaseTableNeeds({ leaseTable }: SourceSettings): Need[] {
  const { create, tags, pointInTimeRecovery } = leaseTable;
  const hasTags = Object.keys(tags).length > 0;
  const all = [...RUNNING, ...MOVING];
  const creating: readonly (Need | false)[] = [
    {
      action: 'dynamodb:CreateTable',
      phases: ['first-start', ...MOVING],
      reason: 'creates the lease table where there is none',
    },
    hasTags && {
      action: 'dynamodb:TagResource',
      phases: ['first-start', ...MOVING],
      reason: 'creates the lease table with leaseTableTags',
    },
    pointInTimeRecovery && {
      action: 'dynamodb:UpdateContinuousBackups',
      phases: ['first-start', ...MOVING],
      reason: 'switches point-in-time recovery of a new lease table on; without it it stays off',
      optional: true,
    },
  ];
  const comparing: readonly (Need | false)[] = [
    hasTags && {
      action: 'dynamodb:ListTagsOfResource',
      phases: ['steady'],
      reason: 'says where the tags differ from leaseTableTags; without it nothing is said of them',
      optional: true,
    },
    pointInTimeRecovery && {
      action: 'dynamodb:DescribeContinuousBackups',
      phases: ['steady'],
      reason: 'says where point-in-time recovery is off; without it nothing is said of it',
      optional: true,
    },
  ];
  const working: readonly Need[] = [
    {
      action: 'dynamodb:DescribeTable',
      phases: all,
      reason: 'tells whether the lease table is there, is ready, and is a lease table',
    },
    { action: 'dynamodb:Scan', phases: all, reason: 'shows who reads which shard, and from where' },
    {
      action: 'dynamodb:GetItem',
      phases: all,
      reason:
        'shows one row as it is now: when the answer to a write is lost, and when a shard changes hands',
    },
    {
      action: 'dynamodb:Scan',
      phases: ['explore'],
      reason: '`streams shards` shows who reads which shard',
    },
    { action: 'dynamodb:PutItem', phases: all, reason: 'adds the row of a shard' },
    { action: 'dynamodb:UpdateItem', phases: all, reason: 'takes and renews leases, stores checkpoints' },
    {
      action: 'dynamodb:DeleteItem',
      phases: all,
      reason: 'deletes rows that nobody needs any more: their shards were read to the end',
    },
  ];
  return [...(create ? creating : []), ...comparing, ...working].filter((need) => need !== false);
}

/** Of the tables of a KCL 3.x beside the lease table, which mostly are not there; by the end of their names. */
export const FLEET_NEEDS: readonly (readonly [suffix: string, need: Need])[] = [
  [
    '-CoordinatorState',
    {
      action: 'dynamodb:GetItem',
      phases: RUNNING,
      reason: 'tells whether a KCL 3.x fleet works on the same leases; without it the source does not know',
      optional: true,
    },
  ],
  [
    '-WorkerMetricStats',
    {
      action: 'dynamodb:Scan',
      phases: RUNNING,
      reason: 'tells whether the KCL 3.x fleet that was there still lives; without it only its leader shows',
      optional: true,
    },
  ],
];
