import type { DynamoApi } from '../../../src/aws/dynamo-api';
import type { KinesisApi } from '../../../src/aws/kinesis-api';
import { loadConfigObject } from '../../../src/config';
import { ConnectorError, explain } from '../../../src/errors';
import { MemoryBroker } from '../../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../../src/pulsar/memory-transport';
import { runSourceInstance } from '../../../src/runtime/source-instance';
import { KinesisSource } from '../../../src/source/kinesis-source';
import { type Clock, sleep, type TimerHandle } from '../../../src/util/clock';
import { type LogFields, type Logger, silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { LeaseLab, STREAM, TABLE } from '../../support/lease-lab';

const never = (): Promise<never> => new Promise(() => undefined);

/** What a read of a shard does instead of reading. */
type Fault = 'body hangs' | 'throttled' | 'barren' | undefined;

/** The clock of a process that can be stopped and continued: what falls due meanwhile is run when it goes on. */
class PausableClock implements Clock {
  #late: (() => void)[] | undefined;

  constructor(private readonly inner: Clock) {}

  now(): number {
    return this.inner.now();
  }

  monotonic(): number {
    return this.inner.monotonic();
  }

  setTimer(callback: () => void, ms: number): TimerHandle {
    const fire = (): void => {
      if (this.#late === undefined) {
        callback();
      } else {
        this.#late.push(callback);
      }
    };
    return this.inner.setTimer(fire, ms);
  }

  clearTimer(handle: TimerHandle): void {
    this.inner.clearTimer(handle);
  }

  pause(): void {
    this.#late = [];
  }

  resume(): void {
    const late = this.#late ?? [];
    this.#late = undefined;
    for (const callback of late) {
      callback();
    }
  }
}

/** A whole source on virtual time, over services of which the test breaks what it wants. */
class StallLab {
  readonly lab: LeaseLab;
  readonly clock: PausableClock;
  readonly stalls: string[] = [];
  readonly logged: string[] = [];
  readonly iterators: string[] = [];
  readonly broker = new MemoryBroker();
  readonly #shardOf = new Map<string, string>();
  readonly #stop = new AbortController();
  fault: (shardId: string) => Fault = () => undefined;
  scanHangs = false;
  /** Milliseconds from a read to its answer. */
  latencyMs = 0;
  readsOf = new Map<string, number>();
  barrenSince: number | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(shards = 2) {
    this.lab = new LeaseLab(shards);
    this.clock = new PausableClock(this.lab.clock);
  }

  start(configs: object = {}): void {
    const { clock } = this;
    const config = loadConfigObject(
      {
        pulsar: { serviceUrl: 'memory://test' },
        aws: { region: 'us-east-1' },
        sources: [
          {
            tenant: 'public',
            namespace: 'default',
            name: 'worker',
            sourceType: 'kinesis',
            topicName: 'topic',
            configs: {
              awsKinesisStreamName: STREAM,
              applicationName: TABLE,
              initialPositionInStream: 'TRIM_HORIZON',
              useEnhancedFanOut: false,
              cloudwatchMetricsLevel: 'NONE',
              maxReadsPerSecondPerShard: 1,
              ...configs,
            },
          },
        ],
      },
      'test',
      { env: {} },
    );
    const [definition] = config.sources;
    if (definition === undefined) {
      throw new Error('the configuration has one source');
    }
    const log = (fields: LogFields, message: string): void => {
      this.logged.push(`${message} ${JSON.stringify(fields)}`);
    };
    const logger: Logger = { ...silentLogger, warn: log, info: log, child: () => logger };
    this.#ended = runSourceInstance({
      definition,
      pulsar: config.pulsar,
      source: new KinesisSource({
        kinesis: () => ({ ...this.#kinesis(), close: () => undefined }),
        dynamo: () => ({ ...this.#dynamo(), close: () => undefined }),
      }),
      shutdownTimeoutMs: 10_000,
      clock,
      random: seededRandom(1),
      logger,
      openTransport: (_pulsar, producer) => new MemoryTransport(this.broker, producer, clock),
      stop: this.#stop.signal,
      onStalled: (part, problem) =>
        this.stalls.push(`${part}: ${problem === undefined ? 'well' : explain(problem)}`),
    });
    this.#ended.catch(() => undefined);
  }

  stop(): Promise<unknown> {
    this.#stop.abort(new Error('the test stops it'));
    return this.lab.clock.run(this.#ended);
  }

  put(from: number, to: number): void {
    for (let n = from; n <= to; n++) {
      this.lab.kinesis.model.call('PutRecord', {
        StreamName: STREAM,
        PartitionKey: `key-${n % 7}`,
        Data: Buffer.from(String(n)).toString('base64'),
      });
    }
  }

  get restarts(): string[] {
    return this.logged.filter((line) => line.startsWith('the part is restarted'));
  }

  /** Numbers stored in the topic, in order. */
  get stored(): number[] {
    return this.broker.messages('topic').map(({ value }) => Number(Buffer.from(value).toString()));
  }

  /** Numbers of one key in the order of the topic. */
  storedOf(key: number): number[] {
    return this.stored.filter((n) => n % 7 === key);
  }

  #dynamo(): DynamoApi {
    const { dynamo } = this.lab;
    return { ...dynamo, scan: (input) => (this.scanHangs ? never() : dynamo.scan(input)) };
  }

  #kinesis(): KinesisApi {
    const { kinesis } = this.lab;
    return {
      ...kinesis,
      getShardIterator: async (stream, shardId, position) => {
        const iterator = await kinesis.getShardIterator(stream, shardId, position);
        this.#shardOf.set(iterator, shardId);
        this.iterators.push(`${shardId} ${position.type}`);
        return iterator;
      },
      getRecords: async (stream, query, options) => {
        const shardId = this.#shardOf.get(query.iterator) ?? '';
        this.readsOf.set(shardId, (this.readsOf.get(shardId) ?? 0) + 1);
        const fault = this.fault(shardId);
        if (fault === 'throttled') {
          throw new ConnectorError('AWS_THROTTLED', 'too many reads');
        }
        if (fault === 'body hangs') {
          await options?.admit?.(1000);
          await never();
        }
        if (fault === 'barren') {
          this.barrenSince ??= this.clock.now();
          const growing = this.clock.now() - this.barrenSince;
          const millisBehindLatest = 5000 + (Number.isNaN(growing) ? 0 : growing);
          return { records: [], nextIterator: query.iterator, millisBehindLatest, childShards: [] };
        }
        await sleep(this.clock, this.latencyMs);
        const answer = await kinesis.getRecords(stream, query, options);
        if (answer.nextIterator !== undefined) {
          this.#shardOf.set(answer.nextIterator, shardId);
        }
        return answer;
      },
    };
  }
}

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

function expectAll(lab: StallLab, last: number): void {
  expect([...lab.stored].sort((a, b) => a - b)).toEqual(numbers(1, last));
  for (const key of numbers(0, 6)) {
    expect(lab.storedOf(key)).toEqual(numbers(1, last).filter((n) => n % 7 === key));
  }
}

describe('a read that is never answered', () => {
  it('is reported and its reader replaced, no other, and nothing is lost, repeated or reordered', async () => {
    const lab = new StallLab();
    const [hung = '', other = ''] = lab.lab.shardIds();
    lab.start({ readerStallTimeout: 20_000 });
    lab.put(1, 50);
    await lab.lab.clock.advance(10_000);
    expect(lab.stored).toHaveLength(50);
    lab.fault = (shardId) => (shardId === hung ? 'body hangs' : undefined);
    lab.put(51, 100);
    await lab.lab.clock.advance(15_000);
    expect(lab.stalls).toEqual([]);
    const readsOfOther = lab.readsOf.get(other) ?? 0;
    await lab.lab.clock.advance(10_000);
    expect(lab.stalls).toHaveLength(1);
    expect(lab.stalls[0]).toMatch(new RegExp(`^${hung} reader: READER_STALLED: .* 20000 ms`));
    expect(lab.readsOf.get(other)).toBeGreaterThan(readsOfOther + 7);
    lab.fault = () => undefined;
    // The reader that was opened in its place hangs as well, and has twice as long.
    await lab.lab.clock.advance(45_000);
    expect(lab.stalls.slice(1)).toEqual([`${hung} reader: well`]);
    expect(lab.iterators.filter((taken) => taken.startsWith(other))).toEqual([`${other} TRIM_HORIZON`]);
    expect(lab.iterators.filter((taken) => taken.startsWith(hung))).toEqual([
      `${hung} TRIM_HORIZON`,
      `${hung} AT_SEQUENCE_NUMBER`,
      `${hung} AT_SEQUENCE_NUMBER`,
    ]);
    expectAll(lab, 100);
    lab.put(101, 150);
    await lab.lab.clock.advance(5000);
    expectAll(lab, 150);
    await lab.stop();
  });

  it('and answers that bring nothing of what they say is there: a new iterator, nothing lost or repeated', async () => {
    const lab = new StallLab();
    const [barren = '', other = ''] = lab.lab.shardIds();
    lab.start({ readerStallTimeout: 20_000 });
    lab.put(1, 50);
    await lab.lab.clock.advance(10_000);
    lab.fault = (shardId) =>
      shardId === barren && lab.iterators.filter((taken) => taken.startsWith(barren)).length < 2
        ? 'barren'
        : undefined;
    lab.put(51, 100);
    await lab.lab.clock.advance(18_000);
    expect(lab.stalls).toEqual([]);
    await lab.lab.clock.advance(8000);
    expect(lab.stalls[0]).toMatch(new RegExp(`^${barren} records: READS_BARREN: .* 20000 ms`));
    expect(lab.stalls.slice(1)).toEqual([`${barren} records: well`]);
    expect(lab.iterators.filter((taken) => taken.startsWith(other))).toHaveLength(1);
    expectAll(lab, 100);
    await lab.stop();
  });

  it('is not seen in a quiet shard, nor in a long empty stretch that reading gets through', async () => {
    const lab = new StallLab(1);
    lab.start({ readerStallTimeout: 5000 });
    await lab.lab.clock.advance(30_000);
    lab.fault = () => 'barren';
    // As a quiet stream may say for ever: always the same distance.
    lab.barrenSince = Number.NaN;
    await lab.lab.clock.advance(30_000);
    expect(lab.stalls).toEqual([]);
    await lab.stop();
  });

  it('gives back the memory that its answer had reserved', async () => {
    const lab = new StallLab(1);
    const [shard] = lab.lab.shardIds();
    let hangs = 0;
    lab.fault = () => (hangs++ < 3 ? 'body hangs' : undefined);
    // Three such answers, each counted three times its bytes, are more than there is room for.
    lab.start({ readerStallTimeout: 1000, receiveQueueBytes: 4000 });
    lab.put(1, 20);
    await lab.lab.clock.advance(30_000);
    expect(lab.stalls.at(-1)).toBe(`${shard} reader: well`);
    expectAll(lab, 20);
    await lab.stop();
  });

  it('does not keep a stop from being graceful', async () => {
    const lab = new StallLab();
    lab.start();
    lab.put(1, 20);
    await lab.lab.clock.advance(5000);
    lab.fault = () => 'body hangs';
    await lab.lab.clock.advance(30_000);
    expect(await lab.stop()).toBe('drained');
    expect(lab.lab.rows().every(({ leaseOwner }) => leaseOwner === undefined)).toBe(true);
    expect(lab.lab.clock.pending).toBe(0);
  });
});

describe('reads that are all refused', () => {
  it('are reported for their shard, and nothing is restarted; a success ends it', async () => {
    const lab = new StallLab();
    const [refused = ''] = lab.lab.shardIds();
    lab.start({ readerStallTimeout: 20_000 });
    await lab.lab.clock.advance(5000);
    lab.fault = (shardId) => (shardId === refused ? 'throttled' : undefined);
    await lab.lab.clock.advance(200_000);
    expect(lab.stalls).toHaveLength(1);
    expect(lab.stalls[0]).toMatch(new RegExp(`^${refused} reads: READS_REFUSED: .*found AWS_THROTTLED`));
    lab.fault = () => undefined;
    lab.put(1, 20);
    await lab.lab.clock.advance(30_000);
    expect(lab.stalls.slice(1)).toEqual([`${refused} reads: well`]);
    expect(lab.restarts).toEqual([]);
    expectAll(lab, 20);
    await lab.stop();
  });
});

describe('backpressure', () => {
  it('of an hour restarts nothing and leaves the source ready; its beginning and its end are one line each', async () => {
    const lab = new StallLab();
    lab.start({ readerStallTimeout: 20_000, receiveQueueBytes: 1000, backpressureReportTime: 30_000 });
    await lab.lab.clock.advance(5000);
    lab.broker.behaviour.messagesPerSecond = 0.1;
    // Sent at once or not, the last one is stored after 4000 s: what was sent keeps its place when Pulsar gets faster.
    lab.put(1, 400);
    await lab.lab.clock.advance(3_600_000);
    expect(lab.stored.length).toBeLessThan(400);
    const slow = lab.logged.filter((line) => line.startsWith('Pulsar is slower than Kinesis'));
    expect(slow).toHaveLength(1);
    lab.broker.behaviour.messagesPerSecond = Number.POSITIVE_INFINITY;
    await lab.lab.clock.advance(600_000);
    expect(lab.logged.filter((line) => line.startsWith('Pulsar keeps up'))).toHaveLength(1);
    expect(lab.logged.filter((line) => line.startsWith('Pulsar is slower'))).toHaveLength(1);
    expect(lab.stalls).toEqual([]);
    expect(lab.restarts).toEqual([]);
    expectAll(lab, 400);
    await lab.stop();
  });
});

describe('a scan of the lease table that is never answered', () => {
  it('is given up and made again, and reported until then; leases are renewed all the same', async () => {
    const lab = new StallLab();
    lab.start({ scanStallTimeout: 10_000 });
    lab.put(1, 20);
    await lab.lab.clock.advance(5000);
    lab.scanHangs = true;
    await lab.lab.clock.advance(60_000);
    expect(lab.stalls).toEqual([
      expect.stringMatching(
        /^lease table scan: TAKER_STALLED: no scan of the lease table has got on for 10000 ms/,
      ),
    ]);
    lab.put(21, 40);
    lab.scanHangs = false;
    await lab.lab.clock.advance(60_000);
    expect(lab.stalls.slice(1)).toEqual(['lease table scan: well']);
    expectAll(lab, 40);
    await lab.stop();
  });
});

describe('a process that was paused', () => {
  it('restarts nothing: whatever looks late when it goes on has time to answer', async () => {
    const lab = new StallLab();
    lab.start({ readerStallTimeout: 5000, scanStallTimeout: 5000, failoverTime: 3_000_000 });
    lab.put(1, 20);
    await lab.lab.clock.advance(5000);
    lab.latencyMs = 500;
    await lab.lab.clock.advance(10_000);
    for (const ms of [100_000, 200_050, 250_350]) {
      lab.clock.pause();
      await lab.lab.clock.advance(ms);
      lab.clock.resume();
      await lab.lab.clock.advance(20_300);
    }
    lab.put(21, 40);
    await lab.lab.clock.advance(10_000);
    expect(lab.stalls).toEqual([]);
    expect(lab.restarts).toEqual([]);
    expectAll(lab, 40);
    await lab.stop();
  });

  it('says that its renewals were late, and why, and renews at once', async () => {
    const lab = new StallLab();
    lab.start({ failoverTime: 10_000 });
    lab.put(1, 20);
    await lab.lab.clock.advance(7000);
    lab.clock.pause();
    await lab.lab.clock.advance(5000);
    lab.clock.resume();
    await lab.lab.clock.advance(0);
    expect(lab.stalls).toHaveLength(1);
    expect(lab.stalls[0]).toMatch(
      /^renewal timer: RENEWAL_LATE: .* began \d{4} ms late\. .*event loop was blocked/,
    );
    lab.put(21, 40);
    await lab.lab.clock.advance(10_000);
    expect(lab.stalls.slice(1)).toEqual(['renewal timer: well']);
    expect(lab.logged.filter((line) => line.startsWith('lease lost'))).toEqual([]);
    expectAll(lab, 40);
    await lab.stop();
  });
});
