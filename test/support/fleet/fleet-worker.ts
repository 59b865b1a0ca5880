import type { FanOutApi } from '../../../src/aws/fan-out-api';
import type { KinesisApi } from '../../../src/aws/kinesis-api';
import type { RetrievalMode } from '../../../src/config/types';
import type { RunOutcome } from '../../../src/runtime/run-outcome';
import { runSourceInstance } from '../../../src/runtime/source-instance';
import { KinesisSource } from '../../../src/source/kinesis-source';
import type { Clock } from '../../../src/util/clock';
import type { SimulatedProcess, Weather } from '../simulated-process';
import { fleetSource, pulsarSettings } from './fleet-config';
import type { FleetPlan } from './fleet-plan';
import type { FleetPulsar } from './fleet-pulsar';
import type { FleetTable } from './fleet-table';
import { type History, historyLogger } from './history';
import type { LaneAudit } from './lane-audit';
import type { LeaseAudit } from './lease-audit';
import { MemoryAudit } from './memory-audit';
import type { Mutation } from './mutation';
import { ProcessTransport } from './process-transport';
import type { RecordAudit } from './record-audit';

/** Milliseconds that a graceful stop may take. */
export const SHUTDOWN_MS = 6000;
/** What a stop that came too late may exceed that by: the last answers. */
export const SHUTDOWN_SLACK_MS = 2500;

/** One process of the connector. `runs`: until it was told to stop or has ended in another way. */
export interface Worker {
  readonly name: string;
  readonly retrievalMode: RetrievalMode;
  readonly process: SimulatedProcess;
  readonly weather: Weather;
  readonly stop: AbortController;
  state: 'runs' | 'stops' | 'ended' | 'killed';
  /** Monotonic milliseconds. */
  stopBy: number;
  /** When it goes on, if it stands still. */
  pausedUntil: number;
  /** Its wall clock was set. */
  jumped: boolean;
}

export const NEW_WORKER = {
  state: 'runs',
  stopBy: Number.POSITIVE_INFINITY,
  pausedUntil: 0,
  jumped: false,
} as const;

/** Kinesis as all workers of a fleet have it. */
export interface FleetApis {
  readonly kinesis: KinesisApi;
  readonly fanOut: FanOutApi;
}

/** What a worker runs in, and who watches it. */
export interface Surroundings {
  readonly plan: FleetPlan;
  readonly mutation: Mutation | undefined;
  /** Milliseconds since the epoch, for AT_TIMESTAMP. */
  readonly startAtTime: number;
  readonly clock: Clock;
  readonly history: History;
  readonly records: RecordAudit;
  readonly leases: LeaseAudit;
  readonly lanes: LaneAudit;
  readonly apis: FleetApis;
  readonly table: FleetTable;
  readonly pulsar: FleetPulsar;
}

/** Runs the whole connector of one worker until it is stopped. Never resolves when its process is killed. */
export function runWorker(worker: Worker, surroundings: Surroundings): Promise<RunOutcome> {
  const { name, retrievalMode, process, stop } = worker;
  const { plan, mutation, startAtTime, clock, history, records, leases, lanes } = surroundings;
  const { apis, table, pulsar } = surroundings;
  const memory = new MemoryAudit({
    worker: name,
    limit: plan.receiveQueueBytes,
    history,
    leases,
    records,
    // What is nearly trimmed is read twice.
    drops: () => worker.state !== 'runs' || worker.jumped || plan.retention !== undefined,
    pausedUntil: () => worker.pausedUntil,
    now: () => clock.monotonic(),
  });
  const dynamo = table.as(name, process);
  const logger = historyLogger(history, name, (fields) => lanes.heard(fields));
  return runSourceInstance({
    definition: fleetSource(plan, { name, retrievalMode, startAtTime }),
    pulsar: pulsarSettings(plan),
    source: new KinesisSource({
      kinesis: () => memory.watched(process.kinesis(apis.kinesis)),
      fanOut: () => memory.watchedFanOut(process.fanOut(apis.fanOut)),
      dynamo: () => mutation?.calls?.(dynamo, name) ?? dynamo,
      ...(plan.retention !== undefined && { leastRetention: plan.retention }),
    }),
    shutdownTimeoutMs: SHUTDOWN_MS,
    clock: process,
    random: plan.random,
    logger,
    openTransport: (settings, producer) =>
      new ProcessTransport({
        worker: name,
        process,
        inner: pulsar.transport({ worker: name, process, logger, pulsar: settings, producer }),
        audit: lanes,
        recordOf: ({ value }) => records.ofPayload(value),
        sent: (record) => memory.sent(record),
        confirmed: (record) => memory.confirmed(record),
        leaves: (message, lane) => pulsar.leaves(message, lane),
      }),
    stop: stop.signal,
  });
}
