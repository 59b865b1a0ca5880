import { type Clock, systemClock } from '../util/clock';
import { type Random, systemRandom } from '../util/random';
import { SettableClock } from './clock';
import { type CloudWatchModel, createCloudWatchModel } from './cloudwatch/model';
import { createDynamoDbModel } from './dynamodb/model';
import { Faults } from './faults';
import { DYNAMODB_ACCESS } from './iam/dynamodb-access';
import { Iam } from './iam/iam';
import { Identities } from './iam/identities';
import { KINESIS_ACCESS } from './iam/kinesis-access';
import { CLOUDWATCH_ACCESS, STS_ACCESS, secretsManagerAccess } from './iam/service-access';
import { createKinesisModel, type KinesisModel } from './kinesis/model';
import type { KinesisOptions } from './kinesis/options';
import { createSecretsManagerModel, type SecretsManagerModel } from './secrets-manager/model';
import { type RunningServer, startServer, type WireOptions } from './server';
import type { ServiceModel } from './service-model';
import { createStsModel } from './sts/model';

export interface EmulatorOptions extends Omit<KinesisOptions, 'clock'>, WireOptions {
  /** 127.0.0.1 when absent: what listens elsewhere takes calls from anybody. */
  readonly host?: string;
  /** Any free port when absent or 0. */
  readonly kinesisPort?: number;
  /** A port of its own for DynamoDB; the port of Kinesis serves it when absent. */
  readonly dynamodbPort?: number;
  /** Time of the services; real time that may be moved when absent. */
  readonly clock?: SettableClock;
  /** Timers of delays; the system's when absent. */
  readonly timer?: Clock;
  /** Of faults and request ids; give a seeded one to have the same faults again. */
  readonly random?: Random;
}

/** Kinesis, DynamoDB, CloudWatch, STS and Secrets Manager in this process, over HTTP(S) and directly. */
export interface Emulator {
  readonly kinesisPort: number;
  readonly dynamodbPort: number;
  /** For example `http://127.0.0.1:4567`. Every port serves every service. */
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  readonly clock: SettableClock;
  readonly faults: Faults;
  readonly kinesis: KinesisModel;
  readonly dynamodb: ServiceModel;
  readonly cloudwatch: CloudWatchModel;
  readonly secrets: SecretsManagerModel;
  /** Who may do what: everybody everything, as long as it is told of nobody. */
  readonly iam: Iam;
  /** Frees the ports and cuts every connection. */
  close(): Promise<void>;
}

/** Starts the emulator. Requests name their service. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const clock = options.clock ?? new SettableClock();
  const random = options.random ?? systemRandom;
  const faults = new Faults(random);
  const { account = '000000000000', region = 'us-east-1', settleMs } = options;
  const kinesis = createKinesisModel({ ...options, account, region, clock });
  const dynamodb = createDynamoDbModel(clock, {
    accountId: account,
    region,
    ...(settleMs !== undefined && { createTableMs: settleMs, createIndexMs: settleMs }),
  });
  const cloudwatch = createCloudWatchModel(clock);
  const secrets = createSecretsManagerModel(clock, random, { account, region });
  const identities = new Identities(random, account);
  const sts = createStsModel(clock, identities);
  const access = new Map([
    [kinesis.target, KINESIS_ACCESS],
    [dynamodb.target, DYNAMODB_ACCESS],
    [cloudwatch.target, CLOUDWATCH_ACCESS],
    [sts.target, STS_ACCESS],
    [secrets.target, secretsManagerAccess(secrets.arnOf)],
  ]);
  const iam = new Iam(identities, access, clock, region);
  const host = options.host ?? '127.0.0.1';
  const start = (port: number): Promise<RunningServer> =>
    startServer({
      ...options,
      services: [kinesis, dynamodb, cloudwatch, sts, secrets],
      admit: (call, request) => iam.admit(call, request),
      clock,
      timer: options.timer ?? systemClock,
      random,
      faults,
      host,
      port,
    });
  const first = await start(options.kinesisPort ?? 0);
  const second =
    options.dynamodbPort === undefined
      ? first
      : await start(options.dynamodbPort).catch(async (error) => {
          await first.close();
          throw error;
        });
  const scheme = options.tls === undefined ? 'http' : 'https';
  return {
    kinesisPort: first.port,
    dynamodbPort: second.port,
    kinesisEndpoint: `${scheme}://${host}:${first.port}`,
    dynamodbEndpoint: `${scheme}://${host}:${second.port}`,
    clock,
    faults,
    kinesis,
    dynamodb,
    cloudwatch,
    secrets,
    iam,
    close: async () => {
      await Promise.all([...new Set([first, second])].map((server) => server.close()));
    },
  };
}
