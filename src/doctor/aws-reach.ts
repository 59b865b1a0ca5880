import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { createCloudWatchClient, createDynamoClient, createKinesisClient } from '../aws/clients';
import type { DynamoApi } from '../aws/dynamo-api';
import { createDynamoApi } from '../aws/dynamo-client';
import type { FanOutApi } from '../aws/fan-out-api';
import { createFanOutApi } from '../aws/fan-out-client';
import type { KinesisApi } from '../aws/kinesis-api';
import { createKinesisApi } from '../aws/kinesis-client';
import type { AwsSettings, KinesisSourceConfig } from '../config';
import { type StreamPlace, settingsOf } from '../source/stream-place';
import type { Clock } from '../util/clock';

/** What one connector says of AWS. */
export interface AwsConfig {
  readonly aws: AwsSettings;
  readonly streamRoles?: KinesisSourceConfig['streamRoles'];
}

/** The clients of one connector as it would make them itself; each is made when it is first needed. */
export class AwsReach {
  readonly #config: AwsConfig;
  readonly #clock: Clock;
  readonly #made = new Map<string, unknown>();
  readonly #closing: (() => void)[] = [];

  constructor(config: AwsConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Of the streams of a place. */
  settings(place: StreamPlace): AwsSettings {
    const { aws, streamRoles = {} } = this.#config;
    return settingsOf(aws, streamRoles, place);
  }

  kinesis(place: StreamPlace): KinesisApi {
    return this.#once(`api ${keyOf(place)}`, () => {
      const api = createKinesisApi(this.settings(place), { clock: this.#clock });
      this.#closing.push(() => api.close());
      return api;
    });
  }

  kinesisClient(place: StreamPlace): KinesisClient {
    return this.#once(`client ${keyOf(place)}`, () =>
      this.#closed(createKinesisClient(this.settings(place), { clock: this.#clock })),
    );
  }

  fanOut(place: StreamPlace): FanOutApi {
    return this.#once(`fan-out ${keyOf(place)}`, () => {
      const api = createFanOutApi(this.settings(place), { clock: this.#clock });
      this.#closing.push(() => api.close());
      return api;
    });
  }

  get dynamo(): DynamoApi {
    return this.#once('dynamo api', () => {
      const api = createDynamoApi(this.#config.aws, { clock: this.#clock });
      this.#closing.push(() => api.close());
      return api;
    });
  }

  get dynamoClient(): DynamoDBClient {
    return this.#once('dynamo', () =>
      this.#closed(createDynamoClient(this.#config.aws, { clock: this.#clock })),
    );
  }

  get cloudwatchClient(): CloudWatchClient {
    return this.#once('cloudwatch', () =>
      this.#closed(createCloudWatchClient(this.#config.aws, { clock: this.#clock })),
    );
  }

  close(): void {
    for (const close of this.#closing) {
      close();
    }
  }

  #closed<C extends { destroy(): void }>(client: C): C {
    this.#closing.push(() => client.destroy());
    return client;
  }

  #once<T>(key: string, make: () => T): T {
    const made = (this.#made.get(key) as T | undefined) ?? make();
    this.#made.set(key, made);
    return made;
  }
}

const keyOf = ({ region, account }: StreamPlace): string => `${region} ${account}`;
