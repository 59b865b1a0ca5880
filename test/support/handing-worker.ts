import type { DynamoApi } from '../../src/aws/dynamo-api';
import { ConnectorError } from '../../src/errors';
import type { HeldLease } from '../../src/lease/held-lease';
import type { LeaseCoordinatorOptions } from '../../src/lease/lease-coordinator-options';
import { sleep } from '../../src/util/clock';
import { seededRandom } from '../../src/util/random';
import type { HandoverLab } from './handover-lab';
import type { TestWorker } from './lease-lab';
import { drained } from './manual-clock';
import { SimulatedProcess } from './simulated-process';

/** Writes of a hand-over, by what they change; any other write of an owner is a renewal. */
export type Step = 'ask' | 'answer' | 'evict' | 'take' | 'withdraw' | 'renew';

/**
 * What becomes of a write: it is lost, it takes effect without an answer, it takes effect at the next `arrive`, its
 * answer takes 2 s; or
 * the process that makes it is killed or paused just before or just after it takes effect.
 */
export type Fate = 'lost' | 'unanswered' | 'late' | 'slow' | `${'kill' | 'pause'} ${'before' | 'after'}`;

type Update = Parameters<DynamoApi['updateItem']>;

/** Behind the beginning of every shard of a lab. */
const BEGIN = 49680420653693231537723719067622223999403650832784162830n;
const FINE = { lostWrites: 0, lostReads: 0, throttles: 0, slow: 0 };
const timeout = (): ConnectorError => new ConnectorError('AWS_TIMEOUT', 'no answer');

/** A worker in a process of its own. */
export class HandingWorker {
  readonly process: SimulatedProcess;
  readonly #worker: TestWorker;
  readonly #orders: { readonly step: Step; readonly fate: Fate }[] = [];
  readonly #late: (() => Promise<unknown>)[] = [];
  readonly #reading = new Set<string>();
  readonly #sending = new Map<string, HeldLease>();
  #calls = 0;
  #killedAt: number | undefined;
  #killAt: { readonly call: number; readonly moment: 'before' | 'after' } | undefined;
  /** Milliseconds from a request until everything in flight is confirmed. */
  drainMs = 20;

  constructor(
    private readonly lab: HandoverLab,
    readonly name: string,
    options: Partial<LeaseCoordinatorOptions>,
  ) {
    this.process = new SimulatedProcess(lab.clock, seededRandom(1), FINE, { settled: drained });
    this.#worker = lab.worker(name, {
      clock: this.process,
      dynamo: this.process.dynamo(this.#ordered(lab.dynamo)),
      ...options,
      onAcquired: (held) => this.#consume(held),
    });
  }

  start(): Promise<void> {
    return this.#worker.start();
  }

  get coordinator(): TestWorker['coordinator'] {
    return this.#worker.coordinator;
  }

  get fatal(): readonly Error[] {
    return this.#worker.fatal;
  }

  /** Shards with a running consumer whose lease holds. */
  get shards(): string[] {
    return this.coordinator
      .held()
      .filter((held) => held.isValid())
      .map(({ shardId }) => shardId);
  }

  /** Monotonic instant of its death. */
  get killedAt(): number | undefined {
    return this.#killedAt;
  }

  /** Orders that no write has met yet. */
  get ordersLeft(): number {
    return this.#orders.length;
  }

  /** Whether something of that shard may be in flight from here. */
  sends(shardId: string): boolean {
    return this.#sending.get(shardId)?.isValid() === true;
  }

  /** The next write of that kind. */
  next(step: Step, fate: Fate): void {
    this.#orders.push({ step, fate });
  }

  /** Dies before or after the call to DynamoDB with that number takes effect, counted from now. */
  killAt(call: number, moment: 'before' | 'after'): void {
    this.#killAt = { call: this.#calls + call, moment };
  }

  /** Lets late writes take effect, or fail their conditions. @returns how many were refused */
  async arrive(): Promise<number> {
    const outcomes = await Promise.allSettled(this.#late.splice(0).map((write) => write()));
    return outcomes.filter(({ status }) => status === 'rejected').length;
  }

  /** Drains, gives up, ends. */
  async stop(): Promise<void> {
    await this.coordinator.stopTaking();
    await Promise.all(this.coordinator.held().map((held) => held.evict().catch(() => undefined)));
    await this.coordinator.stop();
  }

  async #consume(held: HeldLease): Promise<void> {
    if (this.#reading.has(held.shardId)) {
      this.lab.violations.push(`${this.name} reads ${held.shardId} twice`);
    }
    this.#reading.add(held.shardId);
    try {
      await this.#read(held);
    } finally {
      this.#reading.delete(held.shardId);
    }
  }

  /** Confirms a record now and then; ends when its lease does, or when somebody asks for it. */
  async #read(held: HeldLease): Promise<void> {
    const stopping = AbortSignal.any([held.asked, held.signal]);
    this.#sending.set(held.shardId, held);
    while (!stopping.aborted && held.isValid()) {
      const now = BigInt(Math.ceil(this.lab.clock.monotonic()));
      held.confirm({ sequenceNumber: String(BEGIN + now), subSequenceNumber: 0 });
      await sleep(this.process, 500, stopping).catch(() => undefined);
    }
    await sleep(this.process, this.drainMs, held.signal).catch(() => undefined);
    this.#sending.delete(held.shardId);
    await held.evict().catch(() => undefined);
  }

  #ordered(inner: DynamoApi): DynamoApi {
    return {
      ...inner,
      getItem: (...args) => this.#counted(() => inner.getItem(...args)),
      scan: (...args) => this.#counted(() => inner.scan(...args)),
      updateItem: (...args) => this.#counted(() => this.#update(inner, args)),
    };
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    const call = this.#calls++;
    if (this.#killAt?.call === call && this.#killAt.moment === 'before') {
      this.#kill();
    }
    await this.process.running();
    const [outcome] = await Promise.allSettled([work()]);
    if (this.#killAt?.call === call) {
      this.#kill();
    }
    if (outcome.status === 'rejected') {
      throw outcome.reason;
    }
    return outcome.value;
  }

  async #update(inner: DynamoApi, args: Update): ReturnType<DynamoApi['updateItem']> {
    const step = stepOf(args[0].UpdateExpression ?? '');
    const shardId = args[0].Key?.leaseKey?.S ?? '';
    const apply = async () => {
      const row = await inner.updateItem(...args);
      this.lab.wrote(this.name, step, shardId);
      return row;
    };
    const place = this.#orders.findIndex((order) => order.step === step);
    const [order] = place < 0 ? [] : this.#orders.splice(place, 1);
    if (order === undefined) {
      return apply();
    }
    switch (order.fate) {
      case 'lost':
        throw timeout();
      case 'late':
        this.#late.push(apply);
        throw timeout();
      case 'unanswered':
        await apply();
        throw timeout();
      case 'slow': {
        const row = await apply();
        await sleep(this.process, 2000);
        return row;
      }
      case 'kill before':
      case 'pause before':
        this.#halt(order.fate);
        await this.process.running();
        return apply();
      default: {
        const row = await apply();
        this.#halt(order.fate);
        return row;
      }
    }
  }

  #halt(fate: string): void {
    if (fate.startsWith('kill')) {
      this.#kill();
    } else {
      this.process.pause();
    }
  }

  #kill(): void {
    this.#killedAt = this.lab.clock.monotonic();
    this.process.kill();
  }
}

function stepOf(expression: string): Step {
  const removed = expression.split('REMOVE')[1] ?? '';
  const set = expression.split(/ADD|REMOVE/)[0] ?? '';
  if (set.includes('#handoffId')) {
    return 'ask';
  }
  if (set.includes('#draining')) {
    return 'answer';
  }
  if (set.includes('#leaseOwner')) {
    return 'take';
  }
  if (removed.includes('#leaseOwner')) {
    return 'evict';
  }
  return removed.includes('#handoffTo') ? 'withdraw' : 'renew';
}
