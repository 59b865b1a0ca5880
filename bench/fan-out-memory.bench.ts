import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ProgramProcess } from '../test/support/program-process';
import { RECEIVE_QUEUE_BYTES } from './memory.bench';
import type { CannedAddresses } from './programs/canned-kinesis';
import type { FedSettings } from './programs/fed-kinesis';
import type { HeldProgress, HeldSettings } from './programs/held-source';
import type { LeaseTableAddress, SeenRenewals } from './programs/lease-table';
import { startProgram } from './programs/start';
import type { Figure } from './result';

const MIB = 1024 * 1024;
const SHARDS = 200;
/** Default of `subscriptionWindow`, bytes. */
const WINDOW_BYTES = 256 * 1024;
const RECORD_BYTES = 4 * 1024;
/** Over all shards: in a minute more than twice what queue and windows take. */
const RECORDS_PER_SECOND = 1_000;
const BEFORE_MS = 5_000;
const HELD_MS = 60_000;
const RECORDS = (RECORDS_PER_SECOND * (BEFORE_MS + HELD_MS)) / 1000;
/** Default of `failoverTime`, milliseconds. */
const FAILOVER_MS = 10_000;
/** Period of looks at the event loop; what is measured contains it. */
const LOOK_MS = 10;
/** From the start until everything has arrived. */
const LIMIT_MS = 180_000;

const PROTOCOLS = [
  ['HTTP/2', 'http2', WINDOW_BYTES],
  // What it reads ahead of its reader is Node's buffer of 64 KiB.
  ['HTTP/1.1', 'http1', 64 * 1024],
] as const;

/**
 * 200 subscriptions while Pulsar takes nothing for a minute and 4 MiB a second are put all the while; then Pulsar
 * takes everything. What is not said to be of another time is of that minute. Resident memory may grow by what the
 * receive queue holds and what the connections hold ahead of it.
 */
export async function run(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [label, protocol, ahead] of PROTOCOLS) {
    const { before, held, end, longestGaps, peakRss, floorMs } = await measure(protocol);
    const add = (name: string, value: number, unit: string, beside: Partial<Figure> = {}): void => {
      figures.push({ name: `${label}: ${name}`, value, unit, ...beside });
    };
    const bound = RECEIVE_QUEUE_BYTES + SHARDS * ahead;
    add('resident before', before.resident / MIB, 'MiB');
    add('resident while held', held.resident / MIB, 'MiB', { bound: (before.resident + bound) / MIB });
    add('resident at most, afterwards too', peakRss / MIB, 'MiB');
    add('records from fetch to confirm', held.queueBytes / MIB, 'MiB', { bound: RECEIVE_QUEUE_BYTES / MIB });
    add('heap', held.heapUsed / MIB, 'MiB');
    add('buffers', held.arrayBuffers / MIB, 'MiB', { bound: bound / MIB });
    add('event loop late, p99', held.loopDelayP99, 'ms', { ratio: held.loopDelayP99 / floorMs });
    add('event loop late, most', held.loopDelayMax, 'ms');
    add('CPU between two turns of a timer, p99', held.loopWorkP99, 'ms');
    add('CPU between two turns of a timer, most', held.loopWorkMax, 'ms');
    add('CPU', 100 * held.cpuShare, '% of a core');
    add('longest time between two renewals of a lease', longestGaps.held, 'ms', { bound: FAILOVER_MS / 2 });
    add('leases lost', held.leasesLost - before.leasesLost, '');
    add('subscriptions made anew', held.resubscribes - before.resubscribes, '');
    add('longest time between two renewals afterwards', longestGaps.after, 'ms', { bound: FAILOVER_MS / 2 });
    add('leases lost before and after', end.leasesLost - held.leasesLost + before.leasesLost, '');
    add('records lost', RECORDS + end.copies - end.arrived, `of ${RECORDS}`);
    add('records out of order', end.misplaced, '');
    add('records that came again', end.copies, '');
  }
  return figures;
}

async function measure(protocol: 'http1' | 'http2') {
  const fed: FedSettings = {
    shards: SHARDS,
    recordsPerSecond: RECORDS_PER_SECOND,
    recordBytes: RECORD_BYTES,
    records: RECORDS,
    opening: 'SubscribeToShard',
    saysStamps: false,
  };
  // A process that does nothing, on the same machine at the same time.
  const idle = monitorEventLoopDelay({ resolution: LOOK_MS });
  const kinesis = startProgram('fed-kinesis', fed);
  const leaseTable = startProgram('lease-table', {});
  try {
    const { kinesis: address } = await kinesis.hear<CannedAddresses>();
    const { dynamodb } = await leaseTable.hear<LeaseTableAddress>();
    const settings: HeldSettings = {
      kinesis: address,
      dynamodb,
      heldBehind: (RECORDS_PER_SECOND * BEFORE_MS) / 2000,
      heldMs: HELD_MS,
      configs: {
        useEnhancedFanOut: true,
        receiveQueueBytes: RECEIVE_QUEUE_BYTES,
        failoverTime: FAILOVER_MS,
        aws: { subscribeProtocol: protocol, subscriptionWindow: WINDOW_BYTES },
      },
    };
    const source = startProgram('held-source', settings);
    try {
      let phase: HeldProgress['phase'] = 'before';
      const longestGaps = { before: 0, held: 0, after: 0 };
      const listen = async (): Promise<never> => {
        for (;;) {
          const seen = await leaseTable.hear<SeenRenewals>();
          longestGaps[phase] = Math.max(longestGaps[phase], seen.longestGap);
        }
      };
      // It ends with the program.
      listen().catch(() => undefined);
      idle.enable();
      const told = await hearToEnd(source, (progress) => {
        phase = progress.phase;
      });
      idle.disable();
      return { ...told, longestGaps, peakRss: source.peakRss, floorMs: idle.percentile(99) / 1e6 - LOOK_MS };
    } finally {
      await source.stop('SIGKILL');
    }
  } finally {
    await Promise.all([kinesis.stop('SIGKILL'), leaseTable.stop('SIGKILL')]);
  }
}

/** What was said first while records flowed, last while Pulsar was held, and once everything had arrived. */
async function hearToEnd(source: ProgramProcess, heard: (progress: HeldProgress) => void) {
  const from = performance.now();
  let before: HeldProgress | undefined;
  let held: HeldProgress | undefined;
  for (;;) {
    const progress = await source.hear<HeldProgress>();
    heard(progress);
    if (progress.phase === 'before' && progress.arrived > 0) {
      before ??= progress;
    } else if (progress.phase === 'held') {
      held = progress;
    } else if (before && held && progress.arrived - progress.copies >= RECORDS) {
      return { before, held, end: progress };
    }
    if (performance.now() - from > LIMIT_MS) {
      throw new Error(`not over in ${LIMIT_MS} ms: ${JSON.stringify({ held, progress })}\n${source.log}`);
    }
  }
}
