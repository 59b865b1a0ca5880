import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { MemoryBroker } from '../../src/pulsar/memory-broker';
import { sleep, systemClock } from '../../src/util/clock';
import { boundHeapGrowth } from '../../src/util/heap';
import { HeldTransport } from '../../test/support/held-transport';
import { MeasuredSource } from '../../test/support/measured-source';
import type { CannedAddresses } from './canned-kinesis';
import { stampOf } from './feed';
import { readSettings, say } from './program';
import { memoryTransport, runForEver } from './run';

export interface HeldSettings extends CannedAddresses {
  /** Pulsar is held once so many records have arrived. */
  readonly heldBehind: number;
  /** For how long, milliseconds. */
  readonly heldMs: number;
  readonly configs: { readonly [option: string]: unknown };
}

/** All figures but those of the moment are the largest, or the number, seen while Pulsar was held; before: since the start. */
export interface HeldProgress {
  readonly phase: 'before' | 'held' | 'after';
  readonly arrived: number;
  /** Arrivals of a record beyond its first one. */
  readonly copies: number;
  /** First arrivals before an earlier record of their shard. */
  readonly misplaced: number;
  readonly resident: number;
  readonly heapUsed: number;
  /** Outside the heap: buffers. */
  readonly arrayBuffers: number;
  readonly queueBytes: number;
  /** Milliseconds that the event loop was late, for whatever reason. */
  readonly loopDelayP99: number;
  readonly loopDelayMax: number;
  /** CPU milliseconds, garbage collection included, between two turns of a timer: late by its own doing. */
  readonly loopWorkP99: number;
  readonly loopWorkMax: number;
  /** Of one core. */
  readonly cpuShare: number;
  readonly renewalLateness: number;
  readonly leasesLost: number;
  readonly resubscribes: number;
}

/** Period at which the event loop is looked at; what is measured contains it. */
const LOOP_LOOK_MS = 10;
const SAY_MS = 1_000;

/** Our source into a Pulsar that takes nothing for a while; says each second how it is. */
async function main(): Promise<void> {
  boundHeapGrowth();
  const { heldBehind, heldMs, configs, ...addresses } = readSettings<HeldSettings>();
  const nextOf = new Map<string | undefined, number>();
  let arrived = 0;
  let copies = 0;
  let misplaced = 0;
  const broker = new MemoryBroker({
    keep: 0,
    // A receipt comes in a later turn of the event loop, as from a real broker.
    latencyMs: 1,
    refuseMessage: ({ key, value }) => {
      const { index } = stampOf(value);
      const next = nextOf.get(key) ?? 0;
      arrived++;
      copies += index < next ? 1 : 0;
      misplaced += index > next ? 1 : 0;
      nextOf.set(key, Math.max(next, index + 1));
      return undefined;
    },
  });
  const transport = new HeldTransport(memoryTransport(broker));
  const source = new MeasuredSource();
  runForEver({ addresses, configs, transport, source }).catch((error) => {
    process.stderr.write(`${error?.stack}\n`);
    process.exit(1);
  });
  const loop = monitorEventLoopDelay({ resolution: LOOP_LOOK_MS });
  loop.enable();
  const work = new LoopWork();
  let phase: HeldProgress['phase'] = 'before';
  let heldAt = 0;
  for (;;) {
    await sleep(systemClock, SAY_MS);
    const { rss: resident, heapUsed, arrayBuffers } = process.memoryUsage();
    const progress: HeldProgress = {
      phase,
      arrived,
      copies,
      misplaced,
      resident,
      heapUsed,
      arrayBuffers,
      queueBytes: source.most('queue_bytes'),
      loopDelayP99: late(loop.percentile(99)),
      loopDelayMax: late(loop.max),
      ...work.figures(),
      renewalLateness: source.most('renewal_lateness'),
      leasesLost: source.count('lost_leases'),
      resubscribes: source.count('resubscribes'),
    };
    say(progress);
    if (phase === 'before' && arrived >= heldBehind) {
      phase = 'held';
      heldAt = performance.now();
      transport.hold();
      loop.reset();
      work.reset();
    } else if (phase === 'held' && performance.now() - heldAt >= heldMs) {
      phase = 'after';
      transport.letGo();
      loop.reset();
      work.reset();
    }
  }
}

/** CPU time that passes between two turns of a timer. */
class LoopWork {
  readonly #histogram = createHistogram();
  #since = { cpu: process.cpuUsage(), at: performance.now() };
  #before = process.cpuUsage();

  constructor() {
    this.#look();
  }

  reset(): void {
    this.#histogram.reset();
    this.#since = { cpu: process.cpuUsage(), at: performance.now() };
  }

  figures() {
    const { user, system } = process.cpuUsage(this.#since.cpu);
    return {
      loopWorkP99: this.#histogram.percentile(99) / 1000,
      loopWorkMax: this.#histogram.max / 1000,
      cpuShare: (user + system) / 1000 / (performance.now() - this.#since.at),
    };
  }

  readonly #look = (): void => {
    const { user, system } = process.cpuUsage(this.#before);
    this.#before = process.cpuUsage();
    this.#histogram.record(Math.max(1, user + system));
    systemClock.setTimer(this.#look, LOOP_LOOK_MS);
  };
}

const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - LOOP_LOOK_MS);

void main();
