import { type HttpSettings, type LoadedConfig, loadConfigObject } from '../../src/config';
import { type Emulator, startEmulator } from '../../src/emulator';
import { createTransport } from '../../src/pulsar/create-transport';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { Explorations } from '../../src/runtime/explorations';
import type { HealthBoard } from '../../src/runtime/health';
import { type HttpServer, startHttpServer } from '../../src/runtime/http-server';
import { PrometheusText } from '../../src/runtime/prometheus-text';
import { runConnectors } from '../../src/runtime/run';
import type { RunOutcome } from '../../src/runtime/run-outcome';
import { type Clock, systemClock } from '../../src/util/clock';
import { deferred } from '../../src/util/deferred';
import { type LogFields, type Logger, silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { ANY_PORT } from './http-settings';

/** One line of a connector's log. */
export interface LogLine {
  readonly fields: LogFields;
  readonly message: string;
}

/** A run that answers over HTTP. */
export interface ServedRun {
  readonly url: string;
  /** Warnings and worse. */
  readonly warnings: readonly LogLine[];
  readonly ended: Promise<RunOutcome>;
  stop(): Promise<RunOutcome>;
}

/** Kinesis and DynamoDB over HTTP, topics in memory, and connectors between them that tell of themselves over HTTP. */
export class PageLab {
  readonly broker = new MemoryBroker();
  readonly emulator: Emulator;
  readonly #runs: ServedRun[] = [];

  private constructor(emulator: Emulator) {
    this.emulator = emulator;
  }

  static async open(): Promise<PageLab> {
    return new PageLab(await startEmulator());
  }

  /** Stops what still runs, first. */
  async close(): Promise<void> {
    this.broker.behaviour.messagesPerSecond = Number.POSITIVE_INFINITY;
    await Promise.allSettled(this.#runs.map((run) => run.stop()));
    await this.emulator.close();
  }

  /** @param age milliseconds since it was made: no record of it is older */
  stream(name: string, shards: number, age = 0): void {
    this.emulator.clock.advance(-age);
    this.emulator.kinesis.call('CreateStream', { StreamName: name, ShardCount: shards });
    this.emulator.clock.advance(age);
  }

  /** Puts records over many keys. @param age milliseconds since they came */
  put(stream: string, payloads: readonly (string | Uint8Array)[], age = 0): void {
    this.emulator.clock.advance(-age);
    const records = payloads.map((payload, n) => ({
      PartitionKey: `key-${n % 64}`,
      Data: Buffer.from(payload as string).toString('base64'),
    }));
    for (let from = 0; from < records.length; from += 500) {
      const Records = records.slice(from, from + 500);
      this.emulator.kinesis.call('PutRecords', { StreamName: stream, Records });
    }
    this.emulator.clock.advance(age);
  }

  /** A configuration whose `aws` and `pulsar` are those of the lab. */
  config(connectors: { readonly [part: string]: unknown }): LoadedConfig {
    const { kinesisEndpoint: kinesis, dynamodbEndpoint: dynamodb } = this.emulator;
    const raw = {
      pulsar: { serviceUrl: 'memory://page' },
      aws: {
        region: 'us-east-1',
        credentials: { type: 'static', accessKeyId: 'test', secretAccessKey: 'test' },
        endpoints: { kinesis, dynamodb },
      },
      http: { port: 0 },
      ...connectors,
    };
    return loadConfigObject(raw, 'page', { env: {} });
  }

  /** Runs such a configuration. */
  async run(
    connectors: { readonly [part: string]: unknown },
    clock: Clock = systemClock,
  ): Promise<ServedRun> {
    const config = this.config(connectors);
    const warnings: LogLine[] = [];
    const url = deferred<string>();
    const warn = (fields: LogFields, message: string): void => {
      warnings.push({ fields, message });
    };
    const logger: Logger = {
      ...silentLogger,
      info: (fields) => typeof fields.url === 'string' && url.resolve(fields.url),
      warn,
      error: warn,
      child: () => logger,
    };
    const stop = new AbortController();
    const ended = runConnectors({
      config,
      signal: stop.signal,
      logger,
      clock,
      transport: () => {
        const parts = { clock, random: systemRandom, logger, memory: this.broker };
        const [definition] = [...config.sources, ...config.sinks];
        if (definition === undefined) {
          throw new Error('there is no connector');
        }
        return createTransport(config.pulsar, definition.producer, { ...parts, stdout: process.stdout });
      },
    });
    ended.catch((error) => url.reject(error));
    const run: ServedRun = {
      url: await url.promise,
      warnings,
      ended,
      stop: () => {
        stop.abort(new Error('the test stops it'));
        return ended;
      },
    };
    this.#runs.push(run);
    return run;
  }
}

/** A source of the lab, with what differs from a plain one. */
export function pageSource(name: string, configs: object = {}): object {
  return {
    name,
    topicName: name,
    configs: {
      awsKinesisStreamName: name,
      applicationName: name,
      initialPositionInStream: 'TRIM_HORIZON',
      useEnhancedFanOut: false,
      cloudwatchMetricsLevel: 'NONE',
      ...configs,
    },
  };
}

/** A sink of the lab, from the topic of one name into the stream of another. */
export function pageSink(name: string, topic: string, stream: string): object {
  return {
    name,
    inputs: [topic],
    sourceSubscriptionPosition: 'Earliest',
    configs: { awsKinesisStreamName: stream, cloudwatchMetricsLevel: 'NONE' },
  };
}

/** A server over a board that a test fills. */
export function serveBoard(
  health: HealthBoard,
  settings: HttpSettings = ANY_PORT,
  {
    warn = () => undefined,
    config = { sources: [], sinks: [] },
  }: { warn?(fields: LogFields): void; config?: Pick<LoadedConfig, 'sources' | 'sinks'> } = {},
): Promise<HttpServer> {
  const parts = { clock: systemClock, random: systemRandom, logger: { ...silentLogger, warn } };
  return startHttpServer({
    ...parts,
    settings,
    health,
    prometheus: new PrometheusText({ health, clock: systemClock }),
    explorations: new Explorations({ ...parts, config }),
  });
}
