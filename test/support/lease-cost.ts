import type { Item } from '../../src/emulator/dynamodb/attribute-value';
import type { HeldLease } from '../../src/lease/held-lease';
import { sleep } from '../../src/util/clock';
import { deferred } from '../../src/util/deferred';
import { seededRandom } from '../../src/util/random';
import { DynamoMeter, type DynamoUse, readUnits, sizeOfAll, writeUnits } from './dynamo-meter';
import { FAILOVER, LeaseLab, TABLE, type TestWorker } from './lease-lab';
import { modelDynamo } from './model-dynamo';

const MINUTE_MS = 60_000;
/** Both renew at failoverTime / 3 − 25 ms. Source: KCL `LeaseCoordinator`. */
const RENEWAL_MS = FAILOVER / 3 - 25;
/** Source: KCL `DynamoDBLeaseCoordinator`, takerIntervalMillis = (failoverTime + 25) × 2. */
const KCL_SCAN_MS = (FAILOVER + 25) * 2;
/** Source: KCL `leasesRecoveryAuditorExecutionFrequencyMillis`; one worker of the fleet does it. */
const KCL_AUDIT_MS = 120_000;
const SHARING_LIMIT_MS = 300_000;
/** Largest page of a scan. */
const PAGE_BYTES = 1024 * 1024;

/** Attributes that are not in a row of a KCL 2.x fleet. */
const OURS = new Set(['kind', 'startAt', 'caughtUpAt', 'streamArn', 'handoffTo', 'handoffId', 'draining']);

export interface Fleet {
  readonly shards: number;
  readonly workers: number;
}

export interface LeaseCost {
  /** A minute. */
  readonly use: DynamoUse;
  /** What rows of a KCL fleet with the same leases take, bytes. */
  readonly kclTableBytes: number;
}

/**
 * What `fleet` asks of DynamoDB a minute once its leases are shared out, records flowing in every shard: the real
 * lease coordinators on virtual time, watched for `renewals` whole renewal intervals.
 */
export async function measureLeaseCost(fleet: Fleet, renewals: number): Promise<LeaseCost> {
  const lab = new LeaseLab(fleet.shards);
  const meter = new DynamoMeter(lab.dynamo.model);
  // Even shares at once: what handing leases over costs is no part of a steady state.
  const maxLeases = Math.ceil(fleet.shards / fleet.workers);
  const workers = Array.from({ length: fleet.workers }, (_, n) =>
    lab.worker(`orders-0-ip-10-0-12-${n}.ec2.internal-5f3a9c1e`, {
      dynamo: modelDynamo(lab.clock, meter),
      maxLeases,
      random: seededRandom(n),
      onAcquired: untilAsked,
    }),
  );
  await lab.clock.run(Promise.all(workers.map((worker) => worker.start())));
  const shares = (): number[] => workers.map(({ coordinator }) => coordinator.held().length);
  const isShared = (): boolean =>
    shares().reduce((sum, share) => sum + share, 0) === fleet.shards &&
    Math.max(...shares()) - Math.min(...shares()) <= 1;
  for (let waited = 0; !isShared(); waited += 1000) {
    if (waited > SHARING_LIMIT_MS) {
      throw new Error(`not shared evenly after ${waited} ms: ${shares().join(', ')}`);
    }
    await lab.clock.advance(1000);
  }
  const stopped = new AbortController();
  const flow = recordsFlow(lab, workers, stopped.signal);
  // Half an interval more: no renewal stands on the border of what is counted.
  await lab.clock.advance(6.5 * RENEWAL_MS);
  meter.reset();
  await lab.clock.advance(renewals * RENEWAL_MS);
  const { use } = meter;
  const { Items } = lab.dynamo.model.invoke('Scan', { TableName: TABLE }) as { Items: Item[] };
  stopped.abort();
  await flow;
  await Promise.all(workers.map(({ coordinator }) => lab.clock.run(coordinator.stop())));
  const perMinute = MINUTE_MS / (renewals * RENEWAL_MS);
  return {
    use: {
      writes: use.writes * perMinute,
      writeUnits: use.writeUnits * perMinute,
      reads: use.reads * perMinute,
      readUnits: use.readUnits * perMinute,
    },
    kclTableBytes: sizeOfAll(Items.map(withoutOurs)),
  };
}

/**
 * The same of a KCL 2.x fleet, by its published algorithm: one write to renew a lease, another one for its
 * checkpoint, here one every renewal interval; an eventually consistent scan by every worker for taking, and by one
 * worker for the audit.
 */
export function kclCost({ shards, workers }: Fleet, tableBytes: number): DynamoUse {
  const writes = (2 * shards * MINUTE_MS) / RENEWAL_MS;
  const scans = (workers * MINUTE_MS) / KCL_SCAN_MS + MINUTE_MS / KCL_AUDIT_MS;
  return {
    writes,
    writeUnits: writes * writeUnits(tableBytes / shards),
    reads: scans * Math.ceil(tableBytes / PAGE_BYTES),
    readUnits: scans * readUnits(tableBytes, false),
  };
}

/** Every shard's checkpoint moves all the time, so that every renewal has one to carry. */
async function recordsFlow(
  lab: LeaseLab,
  workers: readonly TestWorker[],
  stopped: AbortSignal,
): Promise<void> {
  for (let at = 0n; !stopped.aborted; at++) {
    // As long as those of AWS.
    const sequenceNumber = (
      49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n + at
    ).toString();
    for (const { coordinator } of workers) {
      for (const held of coordinator.held()) {
        held.confirm({ sequenceNumber, subSequenceNumber: 0 });
        held.caughtUp(lab.clock.now());
      }
    }
    await sleep(lab.clock, 1000, stopped).catch(() => undefined);
  }
}

/** A consumer that has nothing in flight: it gives its lease up as soon as another worker asks. */
function untilAsked(held: HeldLease): Promise<void> {
  const { promise: ended, resolve } = deferred<void>();
  held.signal.addEventListener('abort', () => resolve(), { once: true });
  held.asked.addEventListener('abort', () => void held.evict().then(resolve, resolve), { once: true });
  return ended;
}

function withoutOurs(row: Item): Item {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !OURS.has(name)));
}
