import { consumerSettings } from '../../src/config/consumer-settings';
import type { SinkDefinition } from '../../src/config/types';
import { ConnectorError } from '../../src/errors';
import type { Record, Sink, SinkContext } from '../../src/io';
import { MetricRegistry } from '../../src/metrics/registry';
import type { Transport } from '../../src/pulsar/transport';
import type { RunOutcome } from '../../src/runtime/run-outcome';
import { SinkRunner, type SinkRunnerOptions } from '../../src/runtime/sink-runner';
import type { SinkValue } from '../../src/sink/entry';
import type { Clock } from '../../src/util/clock';
import { deferred } from '../../src/util/deferred';
import type { LogFields, Logger } from '../../src/util/logger';
import { seededRandom } from '../../src/util/random';
import { ManualClock } from './manual-clock';
import { ScriptedPulsar } from './scripted-consumer';
import { PRODUCER } from './transport-settings';

export const SHUTDOWN_MS = 10_000;

/** The text that a value holds. */
export function textOf({ value }: { readonly value: SinkValue }): string {
  return value === undefined ? 'null' : Buffer.from(value).toString();
}

/** A sink of which the test plays everything. Records are as the runner made them. */
export class PlayedSink implements Sink<SinkValue> {
  readonly written: Record<SinkValue>[] = [];
  context: SinkContext | undefined;
  settlesEveryRecord?: boolean;
  flush?: () => void;
  closes = 0;
  closeLimitMs: number | undefined;
  /** Most writes that were under way at once. */
  concurrency = 0;
  opening: () => Promise<void> = async () => undefined;
  /** What a write does before it resolves. */
  writing: (record: Record<SinkValue>) => Promise<void> | void = () => undefined;
  closing: () => Promise<void> = async () => undefined;
  #underWay = 0;

  async open(_config: object, context: SinkContext): Promise<void> {
    this.context = context;
    await this.opening();
  }

  async write(record: Record<SinkValue>): Promise<void> {
    this.#underWay++;
    this.concurrency = Math.max(this.concurrency, this.#underWay);
    this.written.push(record);
    await this.writing(record);
    this.#underWay--;
  }

  async close(limitMs?: number): Promise<void> {
    this.closes++;
    this.closeLimitMs = limitMs;
    await this.closing();
  }

  /** Texts of the values written, in order. */
  get values(): string[] {
    return this.written.map(textOf);
  }

  /** The `n`th record written. */
  record(n = 0): Record<SinkValue> {
    const record = this.written[n];
    if (record === undefined) {
      throw new Error(`${this.written.length} records were written`);
    }
    return record;
  }

  ackAll(): void {
    for (const record of this.written) {
      record.ack();
    }
  }
}

export function sinkDefinition(fields: Partial<SinkDefinition> = {}): SinkDefinition {
  return {
    tenant: 'public',
    namespace: 'default',
    name: 'played',
    inputs: ['in'],
    inputPatterns: [],
    className: 'kinesis',
    parallelism: 1,
    processingGuarantees: 'ATLEAST_ONCE',
    subscriptionType: 'Shared',
    subscriptionName: 'sub',
    sourceSubscriptionPosition: 'earliest',
    cleanupSubscription: false,
    timeoutMs: 0,
    negativeAckRedeliveryDelayMs: 1000,
    receiverQueueSize: 1000,
    receiverQueueBytes: 1_000_000,
    consumer: consumerSettings(),
    schemaTypes: {},
    producer: PRODUCER,
    configs: {},
    secrets: {},
    ...fields,
  };
}

export interface LoggedWarning {
  readonly message: string;
  readonly fields: LogFields;
}

export interface RunnerLab<T extends Transport> {
  readonly sink: PlayedSink;
  readonly transport: T;
  readonly warnings: readonly LoggedWarning[];
  /** Sums of the metrics recorded since the call before. */
  counts(): { readonly [name: string]: number };
  /** Starts the run; `running` resolves when it says so. */
  run(): { readonly done: Promise<RunOutcome>; readonly running: Promise<void> };
  stop(): void;
}

/** A runner between a played sink and `transport`. */
export function runnerLab<T extends Transport>(
  transport: T,
  clock: Clock,
  fields: Partial<SinkDefinition> = {},
  options: Partial<Pick<SinkRunnerOptions, 'untilCaughtUp' | 'unsubscribe'>> = {},
): RunnerLab<T> {
  const sink = new PlayedSink();
  const stop = new AbortController();
  const warnings: LoggedWarning[] = [];
  const metrics = new MetricRegistry();
  const reader = metrics.reader();
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (logged, message) => warnings.push({ message, fields: logged }),
    error: () => undefined,
    child: () => logger,
  };
  const running = deferred<void>();
  const run = () => {
    const runner = new SinkRunner({
      sink,
      definition: sinkDefinition(fields),
      context: {
        tenant: 'public',
        namespace: 'default',
        name: 'played',
        instanceId: 0,
        numInstances: 1,
        logger,
        metrics,
        clock,
        random: seededRandom(1),
        getSecret: () => undefined,
        shutdownTimeoutMs: SHUTDOWN_MS,
        stalled: () => undefined,
      },
      transport,
      backoff: { initialMs: 100, maxMs: 1000 },
      ...options,
      onRunning: () => running.resolve(),
    });
    const done = runner.run(stop.signal);
    done.catch(() => undefined);
    return { done, running: running.promise };
  };
  const counts = () => Object.fromEntries(reader.read().map(({ name, sum }) => [name, sum]));
  return { sink, transport, warnings, counts, run, stop: () => stop.abort(new Error('stopped')) };
}

/** A run that is under way on virtual time: the sink is open and the topics are subscribed to. */
export async function startRun(
  fields: Partial<SinkDefinition> = {},
  options: Partial<Pick<SinkRunnerOptions, 'untilCaughtUp' | 'unsubscribe'>> = {},
) {
  const clock = new ManualClock();
  const lab = runnerLab(new ScriptedPulsar(), clock, fields, options);
  const run = lab.run();
  await run.running;
  return { ...lab, ...run, clock, consumer: lab.transport.consumer() };
}

/** Causes of failures: that heals, of the instance, of the record. */
export const throttled = new ConnectorError('AWS_THROTTLED', 'throttled');
export const denied = new ConnectorError('AWS_ACCESS_DENIED', 'denied');
export const tooLarge = new ConnectorError('SINK_RECORD_TOO_LARGE', 'too large');
