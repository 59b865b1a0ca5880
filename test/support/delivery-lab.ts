import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { type Emulator, startEmulator } from '../../src/emulator';
import { messageOf } from '../../src/errors';
import { type Delivered, DeliveryCheck } from './delivery-check';
import { type PutEntry, putRecords } from './kinesis-fill';
import { ProgramProcess } from './program-process';
import { type PulsarBroker, startPulsarBroker } from './pulsar-broker';
import { type FollowedMessage, TopicFollower } from './topic-follower';

/** Shards of every stream of the lab. */
export const SHARDS = 4;

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

export interface ScenarioOptions {
  /** Names stream, application and topic. */
  readonly name: string;
  readonly records: readonly PutEntry[];
  readonly indexOf: (message: Delivered) => number | undefined;
  /** Options of the source over those every scenario has. */
  readonly configs?: { readonly [option: string]: unknown };
}

/** A real broker and an emulated Kinesis and DynamoDB, with the connector as a process of its own between them. */
export class DeliveryLab {
  readonly broker: PulsarBroker;
  readonly #emulator: Emulator;
  readonly #kinesis: KinesisClient;
  readonly #folder = mkdtempSync(join(tmpdir(), 'delivery-lab-'));

  private constructor(broker: PulsarBroker, emulator: Emulator) {
    this.broker = broker;
    this.#emulator = emulator;
    this.#kinesis = new KinesisClient({
      region: 'us-east-1',
      endpoint: emulator.kinesisEndpoint,
      // A copy: the client writes into it.
      credentials: { ...CREDENTIALS },
      requestHandler: new NodeHttpHandler(),
    });
  }

  static async open(): Promise<DeliveryLab> {
    return new DeliveryLab(await startPulsarBroker(), await startEmulator());
  }

  /** A stream that holds `records`, and a reader of the topic they should reach. */
  async scenario(options: ScenarioOptions): Promise<Scenario> {
    const { name, records } = options;
    await this.#kinesis.send(new CreateStreamCommand({ StreamName: name, ShardCount: SHARDS }));
    await putRecords(this.#kinesis, name, records);
    const configFile = join(this.#folder, `${name}.json`);
    writeFileSync(configFile, JSON.stringify(this.#config(options)));
    return Scenario.open(this.broker, options, configFile);
  }

  async close(): Promise<void> {
    this.#kinesis.destroy();
    await Promise.all([this.#emulator.close(), this.broker.dispose()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #config({ name, configs }: ScenarioOptions): object {
    return {
      pulsar: { serviceUrl: this.broker.serviceUrl },
      aws: {
        region: 'us-east-1',
        credentials: { type: 'static', ...CREDENTIALS },
        endpoints: { kinesis: this.#emulator.kinesisEndpoint, dynamodb: this.#emulator.dynamodbEndpoint },
      },
      sources: [
        {
          tenant: 'public',
          namespace: 'default',
          name,
          sourceType: 'kinesis',
          topicName: name,
          configs: {
            awsKinesisStreamName: name,
            initialPositionInStream: 'TRIM_HORIZON',
            useEnhancedFanOut: false,
            ...configs,
          },
        },
      ],
    };
  }
}

/** One stream on its way into one topic, and what has arrived of it so far. */
export class Scenario {
  readonly check: DeliveryCheck;
  /** When each first arrival was published, milliseconds since the epoch. */
  readonly firstPublishedAt: number[] = [];
  readonly #configFile: string;
  readonly #processes: ProgramProcess[] = [];
  #follower: TopicFollower | undefined;

  private constructor({ records, indexOf }: ScenarioOptions, configFile: string) {
    this.check = new DeliveryCheck(records, indexOf);
    this.#configFile = configFile;
  }

  static async open(broker: PulsarBroker, options: ScenarioOptions, configFile: string): Promise<Scenario> {
    const scenario = new Scenario(options, configFile);
    scenario.#follower = await TopicFollower.open(broker.wsUrl, options.name, (message) =>
      scenario.#add(message),
    );
    return scenario;
  }

  startConnector(): ProgramProcess {
    const connector = new ProgramProcess(['dist/cli/main.js', 'run', '-c', this.#configFile]);
    this.#processes.push(connector);
    return connector;
  }

  /** Resolves once `count` different records have arrived. */
  async arrived(count: number): Promise<void> {
    await this.#following(`${count} records`, () => this.check.distinct >= count);
  }

  /** Resolves once all that the topic holds now has been compared. */
  async settled(): Promise<void> {
    await this.#follower?.readToEnd();
  }

  async close(): Promise<void> {
    this.#follower?.close();
    await Promise.all(this.#processes.map((connector) => connector.stop('SIGKILL')));
  }

  #add(message: FollowedMessage): void {
    const before = this.check.distinct;
    this.check.add(message);
    if (this.check.distinct > before) {
      this.firstPublishedAt.push(message.publishedAt);
    }
  }

  /** Waits for the topic, but no longer than the connector runs. */
  async #following(what: string, reached: () => boolean): Promise<void> {
    const connector = this.#processes.at(-1);
    const ended = connector?.ended.then(({ code, signal }) => {
      throw new Error(`the connector ended with ${code ?? signal}`);
    });
    try {
      await Promise.race([this.#follower?.until(reached), ended]);
    } catch (cause) {
      const arrived = `${this.check.distinct} have arrived`;
      throw new Error(`${what}: ${messageOf(cause)}; ${arrived}\n${connector?.log}`, { cause });
    }
  }
}
