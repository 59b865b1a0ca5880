import { loadConfigObject } from '../../src/config';
import { ConnectorError } from '../../src/errors';
import type { Source, SourceContext } from '../../src/io';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../src/pulsar/memory-transport';
import { HealthBoard } from '../../src/runtime/health';
import { PrometheusText } from '../../src/runtime/prometheus-text';
import type { RunOutcome } from '../../src/runtime/run-outcome';
import { supervise } from '../../src/runtime/supervisor';
import { type Deferred, deferred } from '../../src/util/deferred';
import type { LogFields, Logger } from '../../src/util/logger';
import { seededRandom } from '../../src/util/random';
import { ManualClock } from './manual-clock';
import { PlayedSink } from './runner-lab';

/** A source that gives nothing, of which the test plays the rest. */
export class PlayedSource implements Source<Uint8Array> {
  context: SourceContext | undefined;
  closes = 0;
  opening: () => Promise<void> = async () => undefined;
  closing: () => Promise<void> = async () => undefined;
  readonly caughtUp: Deferred<void> = deferred();
  readonly #closed = deferred<never>();

  async open(_config: object, context: SourceContext): Promise<void> {
    // Nobody may be reading when it is closed.
    this.#closed.promise.catch(() => undefined);
    this.context = context;
    await this.opening();
  }

  read(): Promise<never> {
    return this.#closed.promise;
  }

  whenCaughtUp(): Promise<void> {
    return Promise.race([this.caughtUp.promise, this.#closed.promise]);
  }

  async close(): Promise<void> {
    this.closes++;
    await this.closing();
    this.#closed.reject(new ConnectorError('SOURCE_CLOSED', 'closed'));
  }
}

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger whose lines, children's fields included, go into `lines`. */
export function recordingLogger(lines: LoggedLine[], bound: LogFields = {}): Logger {
  const at = (level: LoggedLine['level']) => (fields: LogFields, message: string) => {
    lines.push({ level, message, fields: { ...bound, ...fields } });
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  };
}

const configs = { awsRegion: 'us-east-1', awsKinesisStreamName: 'stream' };

export interface SupervisorSetUp {
  /** Instances of the source `import` and of each of the sinks `one` and `two`. */
  readonly parallelism?: number;
  readonly restart?: { readonly [name: string]: number };
  readonly stopped?: boolean;
  readonly untilCaughtUp?: boolean;
  readonly unsubscribe?: boolean;
  /** Prepares a connector; `n` counts those of its name from 0. */
  onSource?(source: PlayedSource, n: number): void;
  onSink?(sink: PlayedSink, name: string, n: number): void;
  /** Instead of `kinesis`, through the registry. */
  readonly sinkClass?: string;
}

/** A file with one source and two sinks, under way on virtual time. */
export function superviseLab(options: SupervisorSetUp = {}) {
  const { parallelism = 1, restart = {}, sinkClass } = options;
  const config = loadConfigObject(
    {
      pulsar: { serviceUrl: 'memory://' },
      restart,
      sources: [
        { name: 'import', topicName: 'out', parallelism, configs: { ...configs, useEnhancedFanOut: false } },
      ],
      sinks: ['one', 'two'].map((name) => ({
        name,
        inputs: [name],
        parallelism,
        sourceSubscriptionPosition: 'Earliest',
        cleanupSubscription: name === 'one',
        ...(sinkClass === undefined ? {} : { className: sinkClass }),
        configs,
      })),
    },
    'test',
    { env: {} },
  );
  const clock = new ManualClock();
  const broker = new MemoryBroker();
  const health = new HealthBoard(clock);
  const prometheus = new PrometheusText({ health, clock });
  /** Every one that was made, oldest first. */
  const sources: PlayedSource[] = [];
  const sinks: { readonly one: PlayedSink[]; readonly two: PlayedSink[] } = { one: [], two: [] };
  const stop = new AbortController();
  const lines: LoggedLine[] = [];
  if (options.stopped) {
    stop.abort();
  }
  const end: { outcome?: RunOutcome; error?: unknown } = {};
  const done = supervise({
    config,
    clock,
    random: seededRandom(1),
    logger: recordingLogger(lines),
    health,
    prometheus,
    openTransport: (_pulsar, producer) => new MemoryTransport(broker, producer, clock),
    stop: stop.signal,
    untilCaughtUp: options.untilCaughtUp ?? false,
    unsubscribe: options.unsubscribe ?? false,
    createSource: () => {
      const source = new PlayedSource();
      sources.push(source);
      options.onSource?.(source, sources.length - 1);
      return source;
    },
    ...(sinkClass !== undefined
      ? {}
      : {
          createSink: ({ name }: { readonly name: string }) => {
            const sink = new PlayedSink();
            const made = sinks[name as 'one' | 'two'];
            made.push(sink);
            options.onSink?.(sink, name, made.length - 1);
            return sink;
          },
        }),
  });
  done.then(
    (outcome) => {
      end.outcome = outcome;
    },
    (error: unknown) => {
      end.error = error;
    },
  );
  const states = (): string[] =>
    health.instances.map(({ kind, name, instanceId, state }) => `${kind} ${name} ${instanceId} ${state}`);
  return { clock, broker, health, prometheus, sources, sinks, stop, done, end, lines, states };
}

/** The connector of that place. @throws when it was not made */
export function nth<T>(made: readonly T[], n: number): T {
  const one = made[n];
  if (one === undefined) {
    throw new Error(`${made.length} were made`);
  }
  return one;
}
