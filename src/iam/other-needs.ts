import { MOVING, type Need, RUNNING } from './need';

export const READING_SECRETS: Omit<Need, 'phases'> = {
  action: 'secretsmanager:GetSecretValue',
  reason: 'reads the secrets that the configuration refers to',
};

export const LISTING: Need = {
  action: 'kinesis:ListStreams',
  phases: ['explore'],
  reason: 'shows which streams there are',
};

export const LISTING_FOR_PATTERNS: Need = {
  action: 'kinesis:ListStreams',
  phases: [...RUNNING, ...MOVING],
  reason: 'finds the streams that a pattern means',
};

export const WRITING: readonly Need[] = [
  {
    action: 'kinesis:DescribeStreamSummary',
    phases: ['sink'],
    reason: 'tells whether the stream takes records, and how large they may be',
  },
  {
    action: 'kinesis:ListShards',
    phases: ['sink'],
    reason: 'shows which shard a key belongs to, so that none gets more than it takes',
  },
  { action: 'kinesis:PutRecords', phases: ['sink'], reason: 'writes the records' },
];

export const PUBLISHING: Omit<Need, 'phases'> = {
  action: 'cloudwatch:PutMetricData',
  reason: 'publishes metrics to CloudWatch; without it there are none there',
  optional: true,
};

export const TAKING_OVER: Need = {
  action: 'dynamodb:Scan',
  phases: ['migration'],
  reason: 'reads the lease table whose positions are taken over; nothing is written to it',
};

export const DECRYPTING: Omit<Need, 'action'> = {
  phases: [...RUNNING, 'explore', 'offsets'],
  reason: 'Kinesis decrypts the records of a stream that is encrypted with this key',
};

export const ENCRYPTING: Omit<Need, 'action'> = {
  phases: ['sink'],
  reason: 'Kinesis encrypts the records of a stream that is encrypted with this key',
};
