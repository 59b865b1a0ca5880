import { explain } from '../../../src/errors';
import { type Random, randomInt } from '../../../src/util/random';
import { drained, ManualClock } from '../manual-clock';
import { modelDynamo } from '../model-dynamo';
import { SimulatedProcess, type Weather } from '../simulated-process';
import { Agenda } from './agenda';
import { workerOf } from './claims';
import { CrashWatch, type Fate } from './crash-points';
import type { Dice } from './dice';
import { TABLE } from './fleet-config';
import type { FleetPlan } from './fleet-plan';
import type { FleetPulsar } from './fleet-pulsar';
import { CALM } from './fleet-script';
import { FleetStreams } from './fleet-streams';
import { FleetTable } from './fleet-table';
import {
  type FleetApis,
  NEW_WORKER,
  runWorker,
  SHUTDOWN_MS,
  SHUTDOWN_SLACK_MS,
  type Worker,
} from './fleet-worker';
import { History } from './history';
import { LaneAudit } from './lane-audit';
import { LeaseAudit } from './lease-audit';
import { orphanRow } from './lease-row';
import type { Mutation } from './mutation';
import { openPulsar } from './open-pulsar';
import { OTHER, otherWorker } from './other-worker';
import { RecordAudit } from './record-audit';

/** Streams, a lease table and a topic, and a fleet of whole connectors between them, on one virtual clock. */
export class FleetWorld {
  readonly random: Random;
  readonly clock = new ManualClock(Date.UTC(2026, 0, 1, 12, 0, 0, 400), drained);
  readonly agenda = new Agenda(this.clock);
  readonly history = new History(this.clock);
  readonly records = new RecordAudit(this.history);
  readonly leases: LeaseAudit;
  readonly lanes: LaneAudit;
  readonly streams: FleetStreams;
  readonly table: FleetTable;
  readonly pulsar: FleetPulsar;
  readonly workers: Worker[] = [];
  readonly watch: CrashWatch;
  readonly #plan: FleetPlan;
  readonly #mutation: Mutation | undefined;
  readonly #startAtTime: number;
  readonly #apis: FleetApis;

  constructor(plan: FleetPlan, mutation?: Mutation) {
    const { random, failoverTime, start, point } = plan;
    this.#plan = plan;
    this.#mutation = mutation;
    this.random = random;
    this.watch = new CrashWatch(point);
    this.#startAtTime = this.clock.now() + 1000;
    if (start !== 'LATEST') {
      this.records.startAt = start === 'AT_TIMESTAMP' ? this.#startAtTime : 0;
    }
    const now = (): number => this.clock.monotonic();
    this.leases = new LeaseAudit(this.history, this.records, {
      failoverTime,
      startsAtInstant: start !== 'TRIM_HORIZON',
      now,
      parentsOf: (shardId) => this.streams.parentsOf(shardId),
    });
    this.lanes = new LaneAudit(this.history, this.records, this.leases, now);
    this.streams = new FleetStreams({
      plan,
      clock: this.clock,
      audit: this.records,
      history: this.history,
    });
    const { kinesis } = this.streams;
    this.#apis = {
      kinesis: mutation?.kinesis?.(kinesis) ?? kinesis,
      fanOut: mutation?.fanOut?.(kinesis) ?? kinesis,
    };
    const dynamo = modelDynamo(this.clock);
    this.table = new FleetTable({
      tableName: TABLE,
      model: dynamo.model,
      dynamo: mutation?.dynamo?.(dynamo) ?? dynamo,
      audit: this.leases,
      fate: (kind) => this.watch.meets(kind),
      strike: (process, fate, shardId) => this.#strike(process, fate, shardId),
      later: (apply) => {
        this.clock.setTimer(() => void apply().catch(() => undefined), this.random.next() * 2 * failoverTime);
      },
    });
    const { clock, history, records, lanes, leases } = this;
    const { numbering } = leases;
    this.pulsar = openPulsar(plan, { clock, random, history, records, lanes, numbering });
  }

  get running(): Worker[] {
    return this.workers.filter(({ state }) => state === 'runs');
  }

  start(): Worker {
    const { random } = this;
    const { latencyMs, length, retrieval } = this.#plan;
    const name = `w${this.workers.length + 1}`;
    const weather: Weather = { ...CALM, latencyMs, ...this.#mutation?.weather };
    const process = new SimulatedProcess(this.clock, random, weather, {
      // A configuration with an instant that its own clock calls the future is refused.
      aheadMs: randomInt(random, 20_000) - (this.#plan.start === 'AT_TIMESTAMP' ? 0 : 10_000),
      drift: random.next() - 0.5,
      settled: drained,
    });
    const worker: Worker = {
      ...NEW_WORKER,
      name,
      retrievalMode: this.clock.monotonic() < length / 2 ? retrieval.early : retrieval.late,
      process,
      weather,
      stop: new AbortController(),
    };
    this.workers.push(worker);
    this.history.note(`starts, ${worker.retrievalMode}`, name);
    const run = runWorker(worker, {
      plan: this.#plan,
      mutation: this.#mutation,
      startAtTime: this.#startAtTime,
      clock: this.clock,
      history: this.history,
      records: this.records,
      leases: this.leases,
      lanes: this.lanes,
      apis: this.#apis,
      table: this.table,
      pulsar: this.pulsar,
    });
    run.then(
      (outcome) => this.#ended(worker, outcome),
      (error) => this.history.broken(`${name} failed: ${explain(error)}`),
    );
    return worker;
  }

  /** A row as another program would put it: of a shard whose parent has none, and has unread records. */
  async orphan(): Promise<void> {
    const shard = this.streams.first.openShards.find(
      ({ shardId }) => this.streams.parentsOf(shardId).length > 0,
    );
    if (shard !== undefined) {
      await this.table.put(orphanRow(shard, this.streams.parentsOf(shard.shardId)));
    }
  }

  /** A worker of a KCL has a shard for a while. */
  interfere(dice: Dice): void {
    const { records, leases, table, lanes } = this;
    const partition = this.#plan.pulsar?.partitions === 0 ? undefined : OTHER;
    otherWorker({
      records,
      rows: leases.rows,
      dice,
      write: (shardId, change) => table.overwrite(shardId, change),
      stored: (record) => lanes.stored(undefined, record, partition),
    });
  }

  /** Tells a worker to stop in order. */
  retire(worker: Worker): void {
    if (worker.state === 'runs') {
      this.history.note('is told to stop', worker.name);
      worker.state = 'stops';
      const from = Math.max(this.clock.monotonic(), worker.pausedUntil);
      worker.stopBy = from + SHUTDOWN_MS + SHUTDOWN_SLACK_MS;
      worker.stop.abort(new Error('the simulation stops it'));
    }
  }

  kill(worker: Worker): void {
    if (worker.state !== 'ended' && worker.state !== 'killed') {
      this.history.note('is killed', worker.name);
      worker.state = 'killed';
      worker.process.kill();
      this.pulsar.killed(worker.name);
    }
  }

  /** A process stands still; what it has sent arrives all the same. */
  pause(worker: Worker, ms: number): void {
    if ((worker.state === 'runs' || worker.state === 'stops') && worker.process.runs) {
      this.history.note(`stands still for ${Math.round(ms)} ms`, worker.name);
      worker.process.pause();
      worker.stopBy += ms;
      worker.pausedUntil = this.clock.monotonic() + ms;
      this.agenda.in(
        ms,
        async () => {
          if (!worker.process.killed) {
            this.history.note('goes on', worker.name);
            await worker.process.resume();
          }
        },
        true,
      );
    }
  }

  /** Sets the wall clock of a process, as NTP or a person does. */
  jump(worker: Worker, ms: number): void {
    this.history.note(`sets its clock by ${ms} ms`, worker.name);
    worker.jumped = true;
    worker.process.jumpWall(ms);
  }

  #ended(worker: Worker, outcome: string): void {
    this.history.note(`has ended: ${outcome}`, worker.name);
    if (worker.state === 'runs') {
      this.history.broken(`${worker.name} ended by itself`);
    }
    if (this.clock.monotonic() > worker.stopBy) {
      this.history.broken(`${worker.name} took more than ${SHUTDOWN_MS} ms to stop`);
    }
    if (outcome !== 'drained' && this.#plan.trouble === 'calm') {
      this.history.broken(`${worker.name} ended ${outcome}`);
    }
    worker.state = 'ended';
  }

  #strike(process: SimulatedProcess, fate: Fate, shardId: string): void {
    const worker = this.workers.find((one) => one.process === process);
    if (worker === undefined) {
      return;
    }
    this.history.note(`crash point: ${fate}`, worker.name, shardId);
    const asker = this.leases.rows.get(shardId)?.handoffTo;
    if (fate === 'late, its asker killed') {
      const killed = this.workers.find(({ name }) => asker !== undefined && name === workerOf(asker));
      if (killed !== undefined) {
        this.kill(killed);
      }
    } else if (fate.startsWith('killed')) {
      this.kill(worker);
    } else if (fate.startsWith('paused')) {
      this.pause(worker, this.random.next() * 2 * this.#plan.failoverTime);
    }
  }
}
