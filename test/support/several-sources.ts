import { loadConfigObject } from '../../src/config';
import { explain } from '../../src/errors';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../src/pulsar/memory-transport';
import { runSourceInstance } from '../../src/runtime/source-instance';
import { KinesisSource } from '../../src/source/kinesis-source';
import { type LogFields, type Logger, silentLogger } from '../../src/util/logger';
import { seededRandom } from '../../src/util/random';
import { TABLE } from './lease-lab';
import { StreamsLab } from './streams-lab';

/** Whole sources over several streams, on one virtual clock; all of them deliver into one topic. */
export class SourcesLab extends StreamsLab {
  readonly broker = new MemoryBroker();
  readonly logged: string[] = [];
  /** What a call is refused with. */
  refusal: (action: 'describeStream' | 'listShards' | 'listStreams', stream?: string) => Error | undefined =
    () => undefined;
  #put = 0;

  /** @param streams `awsKinesisStreamName` */
  start(name: string, streams: string | readonly string[], configs: object = {}): RunningSource {
    return new RunningSource(this, name, { awsKinesisStreamName: streams, ...configs });
  }

  /** Puts `count` records into the stream; each says where it was put, and when: `orders 7`. */
  putRecords(stream: string, count: number): void {
    for (let n = 0; n < count; n++) {
      const text = `${stream} ${this.#put++}`;
      this.kinesis.model.call('PutRecord', {
        StreamName: stream,
        PartitionKey: `key-${this.#put % 11}`,
        Data: Buffer.from(text).toString('base64'),
      });
    }
  }

  /** What the topic holds of that stream. */
  stored(stream: string): string[] {
    return this.broker
      .messages('topic')
      .map(({ value }) => Buffer.from(value).toString())
      .filter((text) => text.startsWith(`${stream} `));
  }
}

export class RunningSource {
  readonly source: KinesisSource;
  readonly ended: Promise<unknown>;
  /** What the instance ended with. */
  failure: unknown;
  readonly #stop = new AbortController();

  constructor(
    private readonly lab: SourcesLab,
    name: string,
    configs: object,
  ) {
    const log = (fields: LogFields, message: string): void => {
      lab.logged.push(`${message} ${JSON.stringify(fields)}`);
    };
    const logger: Logger = { ...silentLogger, warn: log, info: log, child: () => logger };
    const { clock, kinesis, dynamo } = lab;
    const refuse = (...call: Parameters<SourcesLab['refusal']>): void => {
      const refusal = lab.refusal(...call);
      if (refusal !== undefined) {
        throw refusal;
      }
    };
    this.source = new KinesisSource({
      kinesis: () => ({
        ...kinesis,
        describeStream: async (stream) => {
          refuse('describeStream', stream.name);
          return kinesis.describeStream(stream);
        },
        listShards: async (stream, query) => {
          refuse('listShards', stream.name);
          return kinesis.listShards(stream, query);
        },
        listStreams: async (query) => {
          refuse('listStreams');
          return kinesis.listStreams(query);
        },
        close: () => undefined,
      }),
      dynamo: () => ({ ...dynamo, close: () => undefined }),
    });
    const { sources, pulsar } = loadConfigObject(
      {
        pulsar: { serviceUrl: 'memory://test' },
        aws: { region: 'us-east-1' },
        sources: [{ name, sourceType: 'kinesis', topicName: 'topic', configs: { ...DEFAULTS, ...configs } }],
      },
      'test',
      { env: {} },
    );
    const [definition] = sources;
    if (definition === undefined) {
      throw new Error('the configuration has one source');
    }
    this.ended = runSourceInstance({
      definition,
      pulsar,
      source: this.source,
      shutdownTimeoutMs: 10_000,
      clock,
      random: seededRandom([...name].reduce((seed, char) => seed * 31 + char.charCodeAt(0), 7)),
      logger,
      openTransport: (_pulsar, producer) => new MemoryTransport(lab.broker, producer, clock),
      stop: this.#stop.signal,
      onStalled: (part, problem) => log({ part }, problem === undefined ? 'well' : explain(problem)),
    }).catch((error: unknown) => {
      this.failure = error;
    });
  }

  stop(): Promise<unknown> {
    this.#stop.abort(new Error('the test stops it'));
    return this.lab.clock.run(this.ended);
  }
}

const DEFAULTS = {
  applicationName: TABLE,
  initialPositionInStream: 'TRIM_HORIZON',
  useEnhancedFanOut: false,
  cloudwatchMetricsLevel: 'NONE',
  failoverTime: 10_000,
  streamDiscoveryInterval: 10_000,
};
