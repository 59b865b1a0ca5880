import type { DynamoApi } from '../../src/aws/dynamo-api';
import type { FanOutApi } from '../../src/aws/fan-out-api';
import type { KinesisApi } from '../../src/aws/kinesis-api';
import { ConnectorError } from '../../src/errors';
import type { MetricDataApi } from '../../src/metrics/metric-data-api';
import { type Clock, sleep, type TimerHandle } from '../../src/util/clock';
import { type Deferred, deferred } from '../../src/util/deferred';
import type { Random } from '../../src/util/random';
import { settle } from './manual-clock';
import { type FanOutWeather, simulatedFanOut } from './simulated-fan-out';

interface ProcessTimer {
  readonly callback: () => void;
  handle: TimerHandle;
}

/** Likelihood of each kind of trouble, 0 to 1 a call. Set all to 0 to heal. */
export interface Weather extends Partial<FanOutWeather> {
  /** A write of which no answer comes: not applied, applied, or applied later. */
  lostWrites: number;
  /** A read of the lease table, or of Kinesis, that is not answered. */
  lostReads: number;
  throttles: number;
  /** A read of records that never ends. */
  hungReads?: number;
  /** Of writes alone: what is read, and sent, goes on. */
  throttledWrites?: number;
  /** An answer that takes up to MAX_DELAY_MS, before or after the service has done its work. */
  slow: number;
  /** Every request and every answer travels up to so many milliseconds. */
  latencyMs?: number;
}

export interface ProcessOptions {
  /** Milliseconds that its wall clock is ahead. */
  readonly aheadMs?: number;
  /** Milliseconds that its wall clock gains a second. */
  readonly drift?: number;
  /** See ManualClock. */
  readonly settled?: () => Promise<void>;
}

const MAX_LATENESS_MS = 4000;
const MAX_DELAY_MS = 1000;

/**
 * One operating system process on virtual time. It can be killed (nothing of it ever runs again) or paused (its
 * timers fire, and answers reach it, when it goes on); the services go on without it.
 */
export class SimulatedProcess implements Clock {
  #state: 'RUNNING' | 'PAUSED' | 'KILLED' = 'RUNNING';
  #resumed: Deferred<void> = deferred();
  readonly #due: ProcessTimer[] = [];
  #ahead: number;

  constructor(
    private readonly world: Clock,
    private readonly random: Random,
    private readonly weather: Weather,
    private readonly options: ProcessOptions = {},
  ) {
    this.#ahead = options.aheadMs ?? 0;
  }

  get runs(): boolean {
    return this.#state === 'RUNNING';
  }

  get killed(): boolean {
    return this.#state === 'KILLED';
  }

  kill(): void {
    this.#state = 'KILLED';
  }

  pause(): void {
    this.#state = 'PAUSED';
    this.#resumed = deferred();
  }

  /** Timers that fell due meanwhile and answers that came meanwhile reach it in either order. */
  async resume(): Promise<void> {
    const { settled = settle } = this.options;
    this.#state = 'RUNNING';
    if (this.random.next() < 0.5) {
      this.#resumed.resolve();
      await settled();
    }
    // One by one: a timer may clear those behind it.
    for (let timer = this.#due.shift(); timer !== undefined; timer = this.#due.shift()) {
      this.#fire(timer);
      await settled();
    }
    this.#resumed.resolve();
  }

  /** Resolves when the process runs, which may be never. */
  async running(): Promise<void> {
    while (this.#state !== 'RUNNING') {
      await (this.#state === 'KILLED' ? new Promise<never>(() => undefined) : this.#resumed.promise);
    }
  }

  /** Sets its wall clock, as NTP or a person does. */
  jumpWall(ms: number): void {
    this.#ahead += ms;
  }

  now(): number {
    const { drift = 0 } = this.options;
    return this.world.now() + this.#ahead + (drift * this.world.monotonic()) / 1000;
  }

  monotonic(): number {
    return this.world.monotonic();
  }

  setTimer(callback: () => void, ms: number): TimerHandle {
    const timer: ProcessTimer = { callback, handle: this };
    timer.handle = this.world.setTimer(() => this.#fire(timer), ms);
    return timer;
  }

  clearTimer(timer: TimerHandle): void {
    this.world.clearTimer((timer as ProcessTimer).handle);
    const place = this.#due.indexOf(timer as ProcessTimer);
    if (place >= 0) {
      this.#due.splice(place, 1);
    }
  }

  dynamo(inner: DynamoApi): DynamoApi & { close(): void } {
    return {
      createTable: (input) => this.#call(() => inner.createTable(input)),
      describeTable: (name) => this.#call(() => inner.describeTable(name)),
      updateContinuousBackups: (input) => this.#call(() => inner.updateContinuousBackups(input)),
      hasPointInTimeRecovery: (name) => this.#call(() => inner.hasPointInTimeRecovery(name)),
      listTags: (arn) => this.#call(() => inner.listTags(arn)),
      putItem: (input) => this.#write(() => inner.putItem(input)),
      updateItem: (input) => this.#write(() => inner.updateItem(input)),
      deleteItem: (input) => this.#write(() => inner.deleteItem(input)),
      getItem: (input) => this.#read(() => inner.getItem(input)),
      scan: (input) => this.#read(() => inner.scan(input)),
      close: () => undefined,
    };
  }

  kinesis(inner: KinesisApi): KinesisApi & { close(): void } {
    return {
      describeStream: (...args) => this.#read(() => inner.describeStream(...args)),
      listShards: (...args) => this.#read(() => inner.listShards(...args)),
      listStreams: (...args) => this.#read(() => inner.listStreams(...args)),
      getShardIterator: (...args) => this.#read(() => inner.getShardIterator(...args)),
      getRecords: (...args) => this.#read(() => this.#ending(() => inner.getRecords(...args))),
      close: () => undefined,
    };
  }

  fanOut(inner: FanOutApi): FanOutApi & { close(): void } {
    return simulatedFanOut(inner, {
      random: this.random,
      weather: this.weather,
      running: () => this.running(),
      delay: () => this.#delay(),
      read: (work) => this.#read(work),
      ending: (work) => this.#ending(work),
      write: (apply) => this.#write(apply),
    });
  }

  metricData(inner: MetricDataApi): MetricDataApi & { close(): void } {
    return {
      putMetricData: (...args) => this.#write(() => inner.putMetricData(...args)),
      close: () => undefined,
    };
  }

  #fire(timer: ProcessTimer): void {
    if (this.#state === 'PAUSED') {
      this.#due.push(timer);
    } else if (this.#state === 'RUNNING') {
      timer.callback();
    }
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    await this.running();
    await this.#delay();
    const [outcome] = await Promise.allSettled([work()]);
    await this.#delay();
    await this.running();
    if (outcome.status === 'rejected') {
      throw outcome.reason;
    }
    return outcome.value;
  }

  async #delay(): Promise<void> {
    const { slow, latencyMs = 0 } = this.weather;
    const most = this.random.next() < slow ? MAX_DELAY_MS : latencyMs;
    if (most > 0) {
      await sleep(this.world, this.random.next() * most);
    }
  }

  #read<T>(work: () => Promise<T>): Promise<T> {
    return this.#call(async () => {
      this.#throttle();
      if (this.random.next() < this.weather.lostReads) {
        throw unanswered();
      }
      return work();
    });
  }

  #write<T>(apply: () => Promise<T>): Promise<T> {
    return this.#call(async () => {
      this.#throttle();
      const { throttledWrites = 0 } = this.weather;
      if (throttledWrites > 0 && this.random.next() < throttledWrites) {
        throw new ConnectorError('AWS_THROTTLED', 'slow down');
      }
      if (this.random.next() >= this.weather.lostWrites) {
        return apply();
      }
      const fate = this.random.next();
      if (fate < 0.4) {
        await apply();
      } else if (fate < 0.7) {
        const late = (): void => void apply().catch(() => undefined);
        this.world.setTimer(late, this.random.next() * MAX_LATENESS_MS);
      }
      throw unanswered();
    });
  }

  #ending<T>(read: () => Promise<T>): Promise<T> {
    const { hungReads = 0 } = this.weather;
    const hangs = hungReads > 0 && this.random.next() < hungReads;
    return hangs ? new Promise<never>(() => undefined) : read();
  }

  #throttle(): void {
    if (this.random.next() < this.weather.throttles) {
      throw new ConnectorError('AWS_THROTTLED', 'slow down');
    }
  }
}

function unanswered(): ConnectorError {
  return new ConnectorError('AWS_TIMEOUT', 'no answer');
}
