import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateStreamCommand, KinesisClient, waitUntilStreamExists } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { messageOf } from '../../src/errors';
import { type Delivered, DeliveryCheck } from './delivery-check';
import type { PutEntry } from './kinesis-fill';
import { ProgramProcess } from './program-process';
import type { PulsarBroker } from './pulsar-broker';
import { StreamFollower } from './stream-follower';
import { fillTopic } from './topic-fill';

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };
/** Enough that the write limits of shards, which the sink keeps, are not what a test waits for. */
const SHARDS = 16;

export interface ExportOptions {
  /** Names topic, sink and stream. */
  readonly name: string;
  readonly records: readonly PutEntry[];
  readonly indexOf: (record: Delivered) => number | undefined;
  /** Fields of the sink over those every export has. */
  readonly sink?: { readonly [field: string]: unknown };
  /** Options of the sink over those every export has. */
  readonly configs?: { readonly [option: string]: unknown };
}

/** A real broker and a Kinesis of some kind, with the connector as a process of its own between them. */
export class ExportLab {
  readonly #broker: PulsarBroker;
  readonly #kinesisEndpoint: string;
  readonly #client: KinesisClient;
  readonly #folder = mkdtempSync(join(tmpdir(), 'export-lab-'));

  constructor(broker: PulsarBroker, kinesisEndpoint: string) {
    this.#broker = broker;
    this.#kinesisEndpoint = kinesisEndpoint;
    this.#client = new KinesisClient({
      region: 'us-east-1',
      endpoint: kinesisEndpoint,
      // A copy: the client writes into it.
      credentials: { ...CREDENTIALS },
      requestHandler: new NodeHttpHandler(),
      logger: {} as never,
    });
  }

  /** A topic that holds `records`, and a reader of the stream they should reach. */
  async scenario(options: ExportOptions): Promise<Export> {
    const { name, records } = options;
    // Without a subscription a broker may drop what is in a topic.
    await this.#broker.admin('PUT', `/persistent/public/default/${name}`);
    await this.#broker.admin('PUT', `/persistent/public/default/${name}/subscription/${name}`);
    await fillTopic(this.#broker.serviceUrl, name, records);
    await this.#client.send(new CreateStreamCommand({ StreamName: name, ShardCount: SHARDS }));
    const waiting = { client: this.#client, minDelay: 1, maxWaitTime: 30 };
    await waitUntilStreamExists(waiting, { StreamName: name });
    const configFile = join(this.#folder, `${name}.json`);
    writeFileSync(configFile, JSON.stringify(this.#config(options)));
    return Export.open(this.#client, options, configFile);
  }

  close(): void {
    this.#client.destroy();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #config({ name, sink, configs }: ExportOptions): object {
    return {
      pulsar: { serviceUrl: this.#broker.serviceUrl },
      aws: {
        region: 'us-east-1',
        credentials: { type: 'static', ...CREDENTIALS },
        endpoints: { kinesis: this.#kinesisEndpoint },
      },
      sinks: [
        {
          tenant: 'public',
          namespace: 'default',
          name,
          sinkType: 'kinesis',
          inputs: [name],
          sourceSubscriptionName: name,
          sourceSubscriptionPosition: 'Earliest',
          ...sink,
          configs: { awsKinesisStreamName: name, ...configs },
        },
      ],
    };
  }
}

/** One topic on its way into one stream, and what has arrived of it so far. */
export class Export {
  readonly check: DeliveryCheck;
  readonly #configFile: string;
  readonly #processes: ProgramProcess[] = [];
  #follower: StreamFollower | undefined;

  private constructor({ records, indexOf }: ExportOptions, configFile: string) {
    this.check = new DeliveryCheck(records, indexOf);
    this.#configFile = configFile;
  }

  static async open(client: KinesisClient, options: ExportOptions, configFile: string): Promise<Export> {
    const scenario = new Export(options, configFile);
    scenario.#follower = await StreamFollower.open(client, options.name, (record) =>
      scenario.check.add(record),
    );
    return scenario;
  }

  /** @param args beside `run -c FILE` */
  startConnector(...args: string[]): ProgramProcess {
    const connector = new ProgramProcess(['dist/cli/main.js', 'run', '-c', this.#configFile, ...args]);
    this.#processes.push(connector);
    return connector;
  }

  /** Resolves once `count` different records have arrived; no longer than the connector runs. */
  async arrived(count: number): Promise<void> {
    const connector = this.#processes.at(-1);
    const ended = connector?.ended.then(({ code, signal }) => {
      throw new Error(`the connector ended with ${code ?? signal}`);
    });
    try {
      await Promise.race([this.#follower?.until(() => this.check.distinct >= count), ended]);
    } catch (cause) {
      throw new Error(
        `${count} records: ${messageOf(cause)}; ${this.check.distinct} have arrived\n${connector?.log}`,
        { cause },
      );
    }
  }

  /** Resolves once all that the stream holds now has been compared. */
  async settled(): Promise<void> {
    await this.#follower?.readToEnd();
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((connector) => connector.stop('SIGKILL')));
  }
}
