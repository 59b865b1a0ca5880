import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListStreamsCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { classify } from '../../../src/aws/classify';
import { type Emulator, type PolicyDocument, SettableClock, startEmulator } from '../../../src/emulator';
import { seededRandom } from '../../../src/util/random';

const KEY = 'AKIDEXAMPLE';
const OTHER = '444455556666';
const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';
const FOREIGN = `arn:aws:kinesis:us-east-1:${OTHER}:stream/orders`;
const ROLE = `arn:aws:iam::${OTHER}:role/team/reader`;
const PROVIDER = 'tokens.example.org';

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

let emulator: Emulator;
let clock: SettableClock;

beforeEach(async () => {
  clock = new SettableClock();
  emulator = await startEmulator({ clock, random: seededRandom(1) });
});
afterEach(() => emulator.close());

const allow = (Action: string | string[], Resource: string | string[] = '*'): PolicyDocument => ({
  Statement: { Effect: 'Allow', Action, Resource },
});

const trust = (
  Principal: object,
  Condition?: { [operator: string]: { [key: string]: string } },
): PolicyDocument => ({
  Statement: {
    Effect: 'Allow',
    Principal: { ...Principal },
    Action: ['sts:AssumeRole', 'sts:AssumeRoleWithWebIdentity'],
    ...(Condition && { Condition }),
  },
});

function clients(credentials: Keys = { accessKeyId: KEY, secretAccessKey: 'any' }) {
  const config = {
    region: 'us-east-1',
    endpoint: emulator.kinesisEndpoint,
    credentials,
    maxAttempts: 1,
    systemClockOffset: 0,
  };
  return {
    kinesis: new KinesisClient(config),
    dynamodb: new DynamoDBClient(config),
    cloudwatch: new CloudWatchClient(config),
    secrets: new SecretsManagerClient(config),
    sts: new STSClient(config),
  };
}

/** Code and message of what a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<{ name: string; message: string; status?: number }> {
  try {
    await call;
  } catch (thrown) {
    const { name, message, $metadata } = thrown as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, message, ...($metadata?.httpStatusCode && { status: $metadata.httpStatusCode }) };
  }
  return { name: 'accepted', message: '' };
}

const nameOf = async (call: Promise<unknown>): Promise<string> => (await refusal(call)).name;

async function assume(input: object = {}, keys?: Keys): Promise<Keys> {
  const { Credentials: got } = await clients(keys).sts.send(
    new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'connector', ...input }),
  );
  return {
    accessKeyId: got?.AccessKeyId ?? '',
    secretAccessKey: got?.SecretAccessKey ?? '',
    sessionToken: got?.SessionToken ?? '',
  };
}

describe('an emulator that was told of nobody', () => {
  it('lets everybody do everything, and assume every role', async () => {
    const { kinesis } = clients(await assume());
    expect(await nameOf(kinesis.send(new ListStreamsCommand({})))).toBe('accepted');
    expect(emulator.iam.used()).toEqual([]);
  });
});

describe('an emulator that knows somebody', () => {
  it('refuses an access key that it does not know, in the words of each protocol', async () => {
    emulator.iam.attach('SOMEBODY', []);
    const message = 'The security token included in the request is invalid.';
    const { kinesis, sts } = clients();
    expect(await refusal(kinesis.send(new ListStreamsCommand({})))).toEqual({
      name: 'UnrecognizedClientException',
      message,
      status: 400,
    });
    expect(await refusal(sts.send(new GetCallerIdentityCommand({})))).toEqual({
      name: 'InvalidClientTokenId',
      message,
      status: 403,
    });
  });

  it('refuses what no policy allows so that the connector can tell what to grant, and remembers it', async () => {
    emulator.iam.attach(KEY, [allow('kinesis:ListStreams')]);
    const { kinesis, dynamodb, cloudwatch, secrets } = clients();
    await kinesis.send(new ListStreamsCommand({}));
    emulator.secrets.put('db', 'value');
    const calls: [
      service: 'kinesis' | 'dynamodb' | 'cloudwatch',
      action: string,
      call: () => Promise<unknown>,
    ][] = [
      [
        'kinesis',
        'GetShardIterator',
        () =>
          kinesis.send(
            new GetShardIteratorCommand({ StreamName: 'orders', ShardId: 's', ShardIteratorType: 'LATEST' }),
          ),
      ],
      ['dynamodb', 'DescribeTable', () => dynamodb.send(new DescribeTableCommand({ TableName: 'leases' }))],
      [
        'cloudwatch',
        'PutMetricData',
        () => cloudwatch.send(new PutMetricDataCommand({ Namespace: 'app', MetricData: [] })),
      ],
    ];
    const hints = await Promise.all(
      calls.map(async ([service, action, call]) => {
        const thrown = await call().catch((error: unknown) => error);
        return classify(thrown, { service, action, resource: 'the resource' });
      }),
    );
    expect(hints).toEqual([
      expect.objectContaining({
        code: 'AWS_ACCESS_DENIED',
        hint: expect.stringContaining(`kinesis:GetShardIterator on ${STREAM} `),
      }),
      expect.objectContaining({
        code: 'AWS_ACCESS_DENIED',
        hint: expect.stringContaining(
          'dynamodb:DescribeTable on arn:aws:dynamodb:us-east-1:000000000000:table/leases ',
        ),
      }),
      expect.objectContaining({
        code: 'AWS_ACCESS_DENIED',
        hint: expect.stringContaining('cloudwatch:PutMetricData'),
      }),
    ]);
    const { message } = await refusal(secrets.send(new GetSecretValueCommand({ SecretId: 'db' })));
    const user = 'arn:aws:iam::000000000000:user/connector';
    expect(message).toMatch(
      new RegExp(
        `^User: ${user} is not authorized to perform: secretsmanager:GetSecretValue on resource: \\S+:secret:db-\\w{6} because no identity-based policy allows the secretsmanager:GetSecretValue action$`,
      ),
    );
    expect(emulator.iam.denied().map(({ action }) => action)).toEqual([
      'kinesis:GetShardIterator',
      'dynamodb:DescribeTable',
      'cloudwatch:PutMetricData',
      'secretsmanager:GetSecretValue',
    ]);
    expect(emulator.iam.used()[0]).toEqual({
      action: 'kinesis:ListStreams',
      resource: '*',
      identity: user,
      accessKeyId: KEY,
    });
    emulator.iam.forgetCalls();
    expect([emulator.iam.used(), emulator.iam.denied()]).toEqual([[], []]);
  });

  it('takes away at once what is not in the policies attached last', async () => {
    const { kinesis } = clients();
    const listing = () => nameOf(kinesis.send(new ListStreamsCommand({})));
    emulator.iam.attach(KEY, [allow('kinesis:ListStreams')]);
    const before = await listing();
    emulator.iam.attach(KEY, []);
    expect([before, await listing()]).toEqual(['accepted', 'AccessDeniedException']);
  });

  it('does nothing of a call that it refuses', async () => {
    emulator.iam.attach(KEY, [
      allow('*'),
      { Statement: { Effect: 'Deny', Action: 'kinesis:Register*', Resource: STREAM } },
    ]);
    emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 1 });
    const { kinesis } = clients();
    const register = new RegisterStreamConsumerCommand({ StreamARN: STREAM, ConsumerName: 'app' });
    expect((await refusal(kinesis.send(register))).message).toMatch(
      /with an explicit deny in an identity-based policy$/,
    );
    expect(emulator.kinesis.call('ListStreamConsumers', { StreamARN: STREAM }).Consumers).toEqual([]);
  });

  it('asks for a subscription as for any call', async () => {
    emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 1 });
    const { Consumer } = emulator.kinesis.call('RegisterStreamConsumer', {
      StreamARN: STREAM,
      ConsumerName: 'app',
    });
    const { ConsumerARN } = Consumer;
    const { kinesis } = clients();
    const subscribe = async () => {
      const answer = await kinesis.send(
        new SubscribeToShardCommand({
          ConsumerARN,
          ShardId: 'shardId-000000000000',
          StartingPosition: { Type: 'LATEST' },
        }),
      );
      await answer.EventStream?.[Symbol.asyncIterator]().return?.(undefined);
    };
    emulator.iam.attach(KEY, [allow('kinesis:*', STREAM)]);
    expect(await nameOf(subscribe())).toBe('AccessDeniedException');
    emulator.iam.attach(KEY, [allow('kinesis:SubscribeToShard', `${STREAM}/consumer/*`)]);
    expect(await nameOf(subscribe())).toBe('accepted');
    kinesis.destroy();
  });
});

describe('roles', () => {
  const externalId = 'handed-over-by-phone';

  beforeEach(() => {
    emulator.iam.attach(KEY, [allow('sts:AssumeRole', ROLE)]);
    emulator.iam.role(ROLE, {
      trust: trust(
        { AWS: 'arn:aws:iam::000000000000:root' },
        { StringEquals: { 'sts:ExternalId': externalId } },
      ),
      policies: [allow('kinesis:*', FOREIGN), allow('kinesis:ListStreams'), allow('sts:AssumeRole', ROLE)],
    });
    emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 1 }, { account: OTHER });
  });

  it('are assumed with their external id, and give what they may do, in their own account', async () => {
    const keys = await assume({ ExternalId: externalId });
    const { sts, kinesis } = clients(keys);
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: OTHER,
      Arn: `arn:aws:sts::${OTHER}:assumed-role/reader/connector`,
      UserId: expect.stringMatching(/^AROA[0-9A-Z]{17}:connector$/),
    });
    expect((await kinesis.send(new ListStreamsCommand({}))).StreamNames).toEqual(['orders']);
    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({
        StreamName: 'orders',
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'LATEST',
      }),
    );
    expect((await kinesis.send(new GetRecordsCommand({ ShardIterator }))).Records).toEqual([]);
    expect(emulator.iam.used().at(-1)).toMatchObject({
      action: 'kinesis:GetRecords',
      resource: FOREIGN,
      identity: ROLE,
    });
  });

  it.each([
    ['without it', {}],
    ['with another one', { ExternalId: 'guessed' }],
    ['when there is no such role', { ExternalId: externalId, RoleArn: `${ROLE}2` }],
  ])('are not assumed %s', async (_when, input) => {
    const caught = await refusal(assume(input));
    expect(caught).toMatchObject({ name: 'AccessDenied', status: 403 });
    expect(caught.message).toMatch(
      /^User: \S+ is not authorized to perform: sts:AssumeRole on resource: \S+$/,
    );
  });

  it('are not assumed by who may not, though the role trusts its account', async () => {
    emulator.iam.attach(KEY, [allow('kinesis:*')]);
    expect(await nameOf(assume({ ExternalId: externalId }))).toBe('AccessDenied');
  });

  it('give credentials that end: those calls are refused as expired', async () => {
    const keys = await assume({ ExternalId: externalId, DurationSeconds: 900 });
    const { kinesis, sts } = clients(keys);
    clock.advance(899_000);
    expect(await nameOf(kinesis.send(new ListStreamsCommand({})))).toBe('accepted');
    clock.advance(1_000);
    expect(await nameOf(kinesis.send(new ListStreamsCommand({})))).toBe('ExpiredTokenException');
    expect(await nameOf(sts.send(new GetCallerIdentityCommand({})))).toBe('ExpiredToken');
  });

  it.each([
    ['no session token', undefined],
    ['another session token', 'made-up'],
  ])('give credentials that are nothing with %s', async (_what, sessionToken) => {
    const { sessionToken: _own, ...keys } = await assume({ ExternalId: externalId });
    const { kinesis } = clients({ ...keys, ...(sessionToken !== undefined && { sessionToken }) });
    expect(await nameOf(kinesis.send(new ListStreamsCommand({})))).toBe('UnrecognizedClientException');
  });

  it.each([
    [3601, 'MaxSessionDuration set for this role'],
    [899, 'greater than or equal to 900'],
    [43_201, 'less than or equal to 43200'],
  ])('are not given for %i seconds', async (DurationSeconds, message) => {
    const caught = await refusal(assume({ ExternalId: externalId, DurationSeconds }));
    expect(caught.name).toMatch(/^ValidationError/);
    expect(caught.message).toContain(message);
  });

  it('that allow more are given for an hour at most by a session', async () => {
    emulator.iam.role(ROLE, {
      trust: trust({ AWS: '*' }),
      policies: [allow('sts:AssumeRole', ROLE)],
      maxSessionSeconds: 43_200,
    });
    const keys = await assume({ DurationSeconds: 43_200 });
    expect((await refusal(assume({ DurationSeconds: 3601 }, keys))).message).toMatch(/role chaining$/);
    expect(await nameOf(assume({ DurationSeconds: 3600 }, keys))).toBe('accepted');
  });
});

describe('a token of a provider', () => {
  const federated = { Federated: `arn:aws:iam::${OTHER}:oidc-provider/${PROVIDER}` };

  const withToken = (claims: object, sts = clients().sts) => {
    const all = {
      iss: `https://${PROVIDER}`,
      sub: 'system:serviceaccount:jobs:connector',
      aud: 'sts.amazonaws.com',
      ...claims,
    };
    const parts = [{ alg: 'RS256' }, all].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    return sts.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: ROLE,
        RoleSessionName: 'pod',
        WebIdentityToken: [...parts, 'AA'].join('.'),
      }),
    );
  };
  const inAnHour = () => Math.floor(clock.now() / 1000) + 3600;

  beforeEach(() => {
    emulator.iam.role(ROLE, {
      trust: trust(federated, {
        StringEquals: { [`${PROVIDER}:sub`]: 'system:serviceaccount:jobs:connector' },
      }),
      policies: [allow('kinesis:ListStreams')],
    });
  });

  it('stands in the place of credentials', async () => {
    const answer = await withToken({ exp: inAnHour() });
    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: 'system:serviceaccount:jobs:connector',
      Audience: 'sts.amazonaws.com',
      AssumedRoleUser: { Arn: `arn:aws:sts::${OTHER}:assumed-role/reader/pod` },
    });
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = answer.Credentials ?? {};
    const { kinesis } = clients({
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
    });
    expect(await nameOf(kinesis.send(new ListStreamsCommand({})))).toBe('accepted');
  });

  it.each([
    ['somebody else', { sub: 'system:serviceaccount:jobs:other' }, 'AccessDenied'],
    ['another provider', { iss: 'https://elsewhere.example.org' }, 'AccessDenied'],
    ['nobody', { sub: undefined }, 'InvalidIdentityTokenException'],
  ])('of %s is refused', async (_whom, claims, name) => {
    expect(await nameOf(withToken({ exp: inAnHour(), ...claims }))).toBe(name);
  });

  it('that has expired is refused', async () => {
    expect(await nameOf(withToken({ exp: inAnHour() - 3600 }))).toBe('ExpiredTokenException');
  });
});

describe('a stream of another account', () => {
  const ShardId = 'shardId-000000000000';
  const iterator = () =>
    nameOf(
      clients().kinesis.send(
        new GetShardIteratorCommand({ StreamARN: FOREIGN, ShardId, ShardIteratorType: 'LATEST' }),
      ),
    );

  beforeEach(() => {
    emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 1 }, { account: OTHER });
    emulator.iam.attach(KEY, [allow('kinesis:*', FOREIGN)]);
  });

  it('is read when both sides allow it, and not by the word of one', async () => {
    expect(await iterator()).toBe('AccessDeniedException');
    emulator.iam.resourcePolicy(FOREIGN, {
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: '000000000000' },
        Action: 'kinesis:Get*',
        Resource: FOREIGN,
      },
    });
    expect(await iterator()).toBe('accepted');
    emulator.iam.attach(KEY, []);
    expect(await iterator()).toBe('AccessDeniedException');
  });
});

describe('every operation of every service', () => {
  it('is refused without a policy, and by no policy once everything is allowed', async () => {
    const { kinesis, dynamodb, cloudwatch, secrets } = emulator;
    const operations = [kinesis, dynamodb, cloudwatch, secrets].flatMap((service) =>
      [...service.operations, ...(service.eventOperations ?? [])].map((name) => `${service.target}.${name}`),
    );
    const answers = () =>
      Promise.all(
        operations.map(async (target) => {
          const answer = await fetch(emulator.kinesisEndpoint, {
            method: 'POST',
            headers: {
              'content-type': 'application/x-amz-json-1.1',
              'x-amz-target': target,
              authorization: `AWS4-HMAC-SHA256 Credential=${KEY}/20260101/us-east-1/any/aws4_request, SignedHeaders=host, Signature=0`,
            },
            body: '{}',
          });
          const { __type: type } = (await answer.json()) as { readonly __type?: string };
          return type === 'AccessDeniedException' ? 'denied' : 'let in';
        }),
      );
    emulator.iam.attach(KEY, []);
    expect(new Set(await answers())).toEqual(new Set(['denied']));
    expect(emulator.iam.denied()).toHaveLength(operations.length);
    emulator.iam.attach(KEY, [allow('*')]);
    expect(new Set(await answers())).toEqual(new Set(['let in']));
  });
});
