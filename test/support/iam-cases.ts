import { FAILOVER_TIME, type IamCase, type IamLab, KEYS, OTHER_ACCOUNT } from './iam-lab';

const TOPIC = 'orders';
const SIDE_TABLES = 'app';
/** Records that every case moves. */
const COUNT = 20;

const source = (configs: object): object => ({
  sources: [
    {
      name: 'orders',
      topicName: TOPIC,
      sourceType: 'kinesis',
      configs: {
        awsKinesisStreamName: 'orders',
        applicationName: SIDE_TABLES,
        initialPositionInStream: 'TRIM_HORIZON',
        failoverTime: FAILOVER_TIME,
        backoffTime: 20,
        retrievalMode: 'polling',
        ...configs,
      },
    },
  ],
});

const sink = {
  name: 'exports',
  inputs: ['exports'],
  sinkType: 'kinesis',
  sourceSubscriptionPosition: 'Earliest',
  configs: { awsKinesisStreamName: 'exports', partitionColumn: 'key' },
};

/** Until `count` records have arrived. */
const reading = (count: number) => (lab: IamLab) => lab.connect(() => lab.broker.stored(TOPIC) >= count);

const streamWithFleet = (lab: IamLab): void => {
  lab.splitStream('orders');
  lab.stoppedFleet(SIDE_TABLES);
};

function exporting(lab: IamLab): void {
  lab.emulator.kinesis.call('CreateStream', { StreamName: 'exports', ShardCount: 1 });
  for (let n = 0; n < COUNT; n++) {
    lab.broker.publish('exports', { key: `key ${n}`, value: Buffer.from(`record ${n}`) });
  }
}

const exported = (lab: IamLab): boolean =>
  (lab.broker.backlog('exports', 'public/default/exports') ?? COUNT) === 0;

export const POLLING: IamCase = {
  name: 'polling, the lease table with tags and backups, from nothing and again',
  connectors: source({ leaseTableTags: { team: 'orders' }, leaseTablePitrEnabled: true }),
  prepare: streamWithFleet,
  work: async (lab) => {
    const { wanted } = lab;
    lab.wanted = [];
    await reading(COUNT)(lab);
    lab.wanted = wanted;
    lab.put('orders', COUNT);
    await reading(2 * COUNT)(lab);
  },
};

export const STEADY: IamCase = {
  name: 'polling, the lease table being there',
  connectors: source({ leaseTableCreate: false, cloudwatchMetricsLevel: 'NONE' }),
  flags: ['--phase', 'steady'],
  prepare: async (lab) => {
    streamWithFleet(lab);
    lab.emulator.dynamodb.invoke('CreateTable', {
      TableName: SIDE_TABLES,
      KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
  },
  work: reading(COUNT),
};

export const FAN_OUT: IamCase = {
  name: 'fan-out with a consumer of its own',
  connectors: source({ retrievalMode: 'fan-out', efoLifecycle: 'managed', efoEventTimeout: 300_000 }),
  prepare: streamWithFleet,
  work: reading(COUNT),
};

/** With both ways allowed the cheaper one is never tried. */
export const AUTO: IamCase = {
  name: 'fan-out where it is to be had: it is',
  connectors: source({ retrievalMode: 'auto', efoEventTimeout: 300_000 }),
  prepare: streamWithFleet,
  work: reading(COUNT),
};

export const SINK: IamCase = {
  name: 'a sink',
  connectors: { sinks: [sink] },
  prepare: exporting,
  work: (lab) => lab.connect(() => exported(lab)),
};

export const BOTH: IamCase = {
  name: 'a source and a sink in one process',
  connectors: { ...source({}), sinks: [sink] },
  prepare: (lab) => {
    streamWithFleet(lab);
    exporting(lab);
  },
  work: (lab) => lab.connect(() => lab.broker.stored(TOPIC) >= COUNT && exported(lab)),
};

const READER = `arn:aws:iam::${OTHER_ACCOUNT}:role/reader`;

export const SEVERAL: IamCase = {
  name: 'streams of a pattern, and one of another account by a role',
  connectors: source({
    awsKinesisStreamName: ['orders*', `arn:aws:kinesis:us-east-1:${OTHER_ACCOUNT}:stream/refunds`],
    streamRoles: { [OTHER_ACCOUNT]: { roleArn: READER, externalId: 'ours' } },
  }),
  prepare: (lab) => {
    streamWithFleet(lab);
    const place = { account: OTHER_ACCOUNT, region: 'us-east-1' };
    lab.emulator.kinesis.call('CreateStream', { StreamName: 'refunds', ShardCount: 1 }, place);
    lab.put('refunds', COUNT, place);
  },
  work: reading(2 * COUNT),
};

const THIRD_ACCOUNT = '222222222222';
const ROLES = [`arn:aws:iam::${OTHER_ACCOUNT}:role/first`, `arn:aws:iam::${THIRD_ACCOUNT}:role/second`];

export const CHAIN: IamCase = {
  name: 'a role that is assumed by a role, the lease table in an account of its own',
  connectors: source({
    aws: {
      credentials: {
        type: 'assumeRole',
        roleArn: ROLES[1],
        base: {
          type: 'assumeRole',
          roleArn: ROLES[0],
          base: { type: 'static', accessKeyId: KEYS.own, secretAccessKey: 'own' },
        },
      },
      dynamoCredentials: { type: 'static', accessKeyId: KEYS.table, secretAccessKey: 'table' },
    },
  }),
  prepare: (lab) => {
    lab.splitStream('orders', { account: THIRD_ACCOUNT, region: 'us-east-1' });
    lab.stoppedFleet(SIDE_TABLES);
  },
  work: reading(COUNT),
};

/** A source that has read, before anything is enforced. */
const readBefore = async (lab: IamLab): Promise<void> => {
  lab.splitStream('orders');
  await reading(COUNT)(lab);
};

export const OFFSETS: IamCase = {
  name: 'the commands that show and move positions, and look into streams',
  connectors: source({ awsKinesisStreamName: 'orders*' }),
  flags: ['--phase', 'offsets'],
  prepare: readBefore,
  work: async (lab) => {
    const shard = 'shardId-000000000001';
    const one = ['--stream', 'orders', '--shard', shard];
    const sequence = lab.firstSequence('orders', shard);
    const { dynamodb, faults } = lab.emulator;
    await lab.command('offsets', 'get');
    await lab.command('offsets', 'export', '--out', lab.path('before.json'));
    // A write whose answer is lost is looked up.
    faults.add({ operation: 'UpdateItem', fault: { kind: 'disconnect', applied: true }, times: 1 });
    await lab.moving('set', ...one, '--sequence', sequence);
    await lab.moving('reset', '--to', 'TRIM_HORIZON');
    dynamodb.invoke('DeleteTable', { TableName: SIDE_TABLES });
    await lab.moving('import', lab.path('before.json'));
  },
};

export const MIGRATION: IamCase = {
  name: 'taking the positions of another lease table over',
  connectors: source({ leaseTableName: 'ours' }),
  flags: ['--phase', 'migration', '--from-table', 'theirs'],
  prepare: async (lab) => {
    await readBefore(lab);
    lab.copyTable('ours', 'theirs');
    lab.emulator.dynamodb.invoke('DeleteTable', { TableName: 'ours' });
  },
  work: async (lab) => {
    const { dynamodb, faults } = lab.emulator;
    const from = ['--from', 'kcl', '--table', 'theirs'];
    await lab.moving('import', ...from);
    // Again, from further back: what came after that is to be read again, in its turn.
    lab.moveRows('theirs');
    for (const shard of ['shardId-000000000001', 'shardId-000000000002']) {
      dynamodb.invoke('DeleteItem', { TableName: 'theirs', Key: { leaseKey: { S: shard } } });
    }
    faults.add({ operation: 'UpdateItem', fault: { kind: 'disconnect', applied: true }, times: 1 });
    await lab.moving('import', ...from, '--overwrite');
  },
};

export const EXPLORING: IamCase = {
  name: 'looking into streams',
  connectors: source({}),
  flags: ['--phase', 'explore'],
  prepare: (lab) => lab.splitStream('orders'),
  work: async (lab) => {
    await lab.command('streams', 'list');
    await lab.command('streams', 'describe', 'orders');
    await lab.command('streams', 'shards', 'orders');
    await lab.command('streams', 'peek', 'orders', '--limit', '1');
  },
};

export const SECRETS: IamCase = {
  name: 'a secret in the configuration',
  connectors: {
    ...source({}),
    pulsar: { serviceUrl: 'memory://', authentication: { type: 'token', token: `\${secret:pulsar#token}` } },
  },
  flags: ['--phase', 'offsets'],
  prepare: async (lab) => {
    lab.splitStream('orders');
    lab.emulator.secrets.put('pulsar', JSON.stringify({ token: 'made-up' }));
  },
  work: (lab) => lab.moving('reset', '--to', 'TRIM_HORIZON'),
};

export const CASES = [OFFSETS, MIGRATION, EXPLORING, POLLING, STEADY, FAN_OUT, SINK, BOTH, SEVERAL, CHAIN];
