import { type Clock, systemClock } from '../util/clock';
import { type Random, systemRandom } from '../util/random';
import { SettableClock } from './clock';
import { type CloudWatchModel, createCloudWatchModel } from './cloudwatch/model';
import { createDynamoDbModel } from './dynamodb/model';
import { Faults } from './faults';
import { createKinesisModel, type KinesisModel } from './kinesis/model';
import type { KinesisOptions } from './kinesis/options';
import { type RunningServer, startServer, type WireOptions } from './server';
import type { ServiceModel } from './service-model';

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

/** Kinesis, DynamoDB and CloudWatch in this process, over HTTP and directly. */
export interface Emulator {
  readonly kinesisPort: number;
  readonly dynamodbPort: number;
  /** For example `http://127.0.0.1:4567`. */
  readonly kinesisEndpoint: string;
  readonly dynamodbEndpoint: string;
  readonly clock: SettableClock;
  readonly faults: Faults;
  readonly kinesis: KinesisModel;
  readonly dynamodb: ServiceModel;
  /** Served on every port. */
  readonly cloudwatch: CloudWatchModel;
  /** Frees the ports and cuts every connection. */
  close(): Promise<void>;
}

/** Starts the emulator. Every port serves all services: requests name theirs. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const clock = options.clock ?? new SettableClock();
  const random = options.random ?? systemRandom;
  const faults = new Faults(random);
  const kinesis = createKinesisModel({ ...options, clock });
  const { account, region, settleMs } = options;
  const dynamodb = createDynamoDbModel(clock, {
    ...(account !== undefined && { accountId: account }),
    ...(region !== undefined && { region }),
    ...(settleMs !== undefined && { createTableMs: settleMs, createIndexMs: settleMs }),
  });
  const cloudwatch = createCloudWatchModel(clock);
  const host = options.host ?? '127.0.0.1';
  const start = (port: number): Promise<RunningServer> =>
    startServer({
      ...options,
      services: [kinesis, dynamodb, cloudwatch],
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
  return {
    kinesisPort: first.port,
    dynamodbPort: second.port,
    kinesisEndpoint: `http://${host}:${first.port}`,
    dynamodbEndpoint: `http://${host}:${second.port}`,
    clock,
    faults,
    kinesis,
    dynamodb,
    cloudwatch,
    close: async () => {
      await Promise.all([...new Set([first, second])].map((server) => server.close()));
    },
  };
}
