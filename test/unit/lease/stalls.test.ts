import type { DynamoApi, Item } from '../../../src/aws/dynamo-api';
import { explain } from '../../../src/errors';
import type { Lease } from '../../../src/lease/lease';
import { ParentWatch } from '../../../src/lease/parent-watch';
import { RenewalWatch } from '../../../src/lease/renewal-watch';
import { ScanWatch } from '../../../src/lease/scan-watch';
import { namesOfOne } from '../../../src/lease/shard-names';
import { type Deferred, deferred } from '../../../src/util/deferred';
import { Ticker } from '../../../src/util/ticker';
import { LOOK_MS, Watchdog } from '../../../src/util/watchdog';
import { FAILOVER, LeaseLab } from '../../support/lease-lab';
import { ManualClock } from '../../support/manual-clock';

const ZERO = 'shardId-000000000000';
const ONE = 'shardId-000000000001';

const never = (): Promise<never> => new Promise(() => undefined);

function watchman(clock: ManualClock) {
  const stalls: string[] = [];
  const restarts: string[] = [];
  const watchdog = new Watchdog(clock, {
    stalled: (part, problem) => stalls.push(`${part}: ${explain(problem)}`),
    restarting: (part) => restarts.push(part),
    recovered: (part) => stalls.push(`${part}: well`),
  });
  const ticker = new Ticker(clock, LOOK_MS, () => watchdog.look());
  return { stalls, restarts, watchdog, ticker };
}

const settings = { scanStallTimeout: 10_000, childStallTimeout: 30_000, renewalLateTime: FAILOVER / 6 };

describe('a round of renewals that does not end', () => {
  test('is reported as DynamoDB being slow before a lease is lost, and over once it answers', async () => {
    const lab = new LeaseLab(2);
    const { stalls, restarts, watchdog } = watchman(lab.clock);
    let hangs = false;
    const dynamo: DynamoApi = {
      ...lab.dynamo,
      updateItem: (input) =>
        hangs && (input.Key?.leaseKey as { S?: string } | undefined)?.S === ONE
          ? never()
          : lab.dynamo.updateItem(input),
    };
    const worker = lab.worker('w1', { dynamo, watch: { watchdog, settings } });
    await lab.clock.run(worker.start());
    await lab.clock.advance(20_000);
    expect(stalls).toEqual([]);
    hangs = true;
    while (stalls.length === 0) {
      await lab.clock.advance(100);
    }
    expect(stalls).toEqual([expect.stringMatching(/^renewals: RENEWAL_LATE: .*found no answer of DynamoDB/)]);
    expect(worker.held(ONE).isValid()).toBe(true);
    expect(restarts).toEqual(['renewals']);
    hangs = false;
    await lab.clock.advance(3000);
    expect(stalls.slice(1)).toEqual(['renewals: well']);
    expect(worker.held(ONE).isValid()).toBe(true);
    await lab.clock.advance(60_000);
    expect(stalls).toHaveLength(2);
    await lab.clock.run(worker.stop());
  });

  test('is told apart from one that begins late', () => {
    const clock = new ManualClock();
    const { stalls, watchdog } = watchman(clock);
    const recorded: number[] = [];
    const watch = new RenewalWatch({
      clock,
      watchdog,
      limit: 1000,
      period: 5000,
      held: () => [],
      renew: () => undefined,
      lateness: { record: (value) => recorded.push(value) },
    });
    watch.began(-3);
    watch.began(1000);
    expect(stalls).toEqual([]);
    watch.began(1001);
    watch.began(4000);
    watch.began(2);
    expect(stalls).toEqual([
      expect.stringMatching(/^renewal timer: RENEWAL_LATE: .* 1001 ms late.*event loop was blocked/),
      'renewal timer: well',
    ]);
    expect(recorded).toEqual([0, 1000, 1001, 4000, 2]);
  });
});

describe('leases that cannot be taken', () => {
  /** A worker whose writes are never answered while `hangs`. */
  function hangingWorker(hangs: { now: boolean }) {
    const lab = new LeaseLab(2);
    const { stalls, watchdog } = watchman(lab.clock);
    const dynamo: DynamoApi = {
      ...lab.dynamo,
      updateItem: (input, options) => (hangs.now ? never() : lab.dynamo.updateItem(input, options)),
    };
    return { lab, stalls, worker: lab.worker('w1', { dynamo, watch: { watchdog, settings } }) };
  }

  test('are reported for as long as nothing can be written, also behind renewals that ran out', async () => {
    const hangs = { now: false };
    const { lab, stalls, worker } = hangingWorker(hangs);
    await lab.clock.run(worker.start());
    await lab.clock.advance(20_000);
    hangs.now = true;
    await lab.clock.advance(FAILOVER);
    for (const lost of worker.shards) {
      expect(worker.held(lost).isValid()).toBe(false);
      worker.end(lost);
    }
    await lab.clock.advance(settings.scanStallTimeout + 15_000);
    expect(stalls).toEqual([
      expect.stringMatching(/^renewals: RENEWAL_LATE: /),
      'renewals: well',
      expect.stringMatching(/^lease takes: TAKER_STALLED: no lease could be taken.*found AWS_TIMEOUT/),
    ]);
    await lab.clock.advance(300_000);
    expect(stalls).toHaveLength(3);
    // Their rows still name this worker, which does not read them either.
    const unowned = worker.coordinator.shards.unowned();
    expect(unowned.map(({ lease }) => [lease.shardId, lease.owner])).toEqual([
      [ZERO, 'w1'],
      [ONE, 'w1'],
    ]);
    expect(Math.min(...unowned.map(({ unownedFor = 0 }) => unownedFor))).toBeGreaterThan(300_000);
    hangs.now = false;
    await lab.clock.advance(30_000);
    expect(stalls.slice(3)).toEqual(['lease takes: well']);
    expect(worker.coordinator.shards.unowned()).toEqual([]);
    expect(worker.held(ONE).isValid()).toBe(true);
    await lab.clock.run(worker.stop());
  });

  test('are no trouble any more once another worker has them', async () => {
    const hangs = { now: true };
    const { lab, stalls, worker } = hangingWorker(hangs);
    await lab.clock.run(worker.start());
    await lab.clock.advance(settings.scanStallTimeout + 15_000);
    expect(stalls).toEqual([expect.stringMatching(/^lease takes: /)]);
    const other = lab.worker('w2');
    await lab.clock.run(other.start());
    await lab.clock.advance(30_000);
    expect(other.shards).toHaveLength(2);
    await lab.clock.advance(60_000);
    expect(stalls.slice(1)).toEqual(['lease takes: well']);
    await lab.clock.run(worker.stop());
    await lab.clock.run(other.stop());
  });
});

describe('scans of the lease table', () => {
  test('that come page by page may take as long as they need', async () => {
    const clock = new ManualClock();
    const { stalls, watchdog } = watchman(clock);
    const watch = new ScanWatch(10_000);
    for (const part of watch.parts) {
      watchdog.watch(part);
    }
    const scanned = watch.run(new AbortController().signal, async (_signal, onPage) => {
      for (let page = 0; page < 100; page++) {
        await new Promise<void>((resolve) => clock.setTimer(resolve, 8000));
        onPage();
      }
      return 'all';
    });
    await clock.advance(799_000);
    expect(stalls).toEqual([]);
    await clock.advance(2000);
    expect(await scanned).toBe('all');
  });

  test('that fail now and then, and come page by page, are not given up', async () => {
    const clock = new ManualClock();
    const { restarts, watchdog } = watchman(clock);
    const watch = new ScanWatch(10_000);
    for (const part of watch.parts) {
      watchdog.watch(part);
    }
    const { signal } = new AbortController();
    const failed = watch.run(signal, () => Promise.reject(new Error('throttled')));
    await expect(failed).rejects.toThrow('throttled');
    const scanned = watch.run(signal, async (_limit, onPage) => {
      for (let page = 0; page < 10; page++) {
        await new Promise<void>((resolve) => clock.setTimer(resolve, 8000));
        onPage();
      }
      return 'all';
    });
    await clock.advance(81_000);
    expect(restarts).toEqual([]);
    expect(await scanned).toBe('all');
  });

  test('of which one hung go on being reported while the next ones fail', async () => {
    const clock = new ManualClock();
    const { stalls, watchdog } = watchman(clock);
    const watch = new ScanWatch(10_000);
    for (const part of watch.parts) {
      watchdog.watch(part);
    }
    const { signal } = new AbortController();
    const hung = watch.run(signal, never).catch((error: unknown) => error);
    await clock.advance(11_000);
    expect(await hung).toMatchObject({ code: 'TAKER_STALLED' });
    await watch.run(signal, () => Promise.reject(new Error('timed out'))).catch(() => undefined);
    await clock.advance(5000);
    expect(stalls).toEqual([expect.stringMatching(/^lease table scan: TAKER_STALLED/)]);
    await watch.run(signal, async () => 'all');
    await clock.advance(1000);
    expect(stalls.slice(1)).toEqual(['lease table scan: well']);
  });

  test('that all fail are reported, though each ends; the first that succeeds clears it', async () => {
    const lab = new LeaseLab(1);
    const { stalls, watchdog } = watchman(lab.clock);
    const worker = lab.worker('w1', { watch: { watchdog, settings } });
    await lab.clock.run(worker.start());
    await lab.clock.advance(5000);
    worker.dynamo.lostScans = 1_000_000;
    await lab.clock.advance(60_000);
    expect(stalls).toEqual([expect.stringMatching(/^lease table scans: TAKER_STALLED: /)]);
    worker.dynamo.lostScans = 0;
    await lab.clock.advance(5000);
    expect(stalls.slice(1)).toEqual(['lease table scans: well']);
    expect(worker.held(ZERO).isValid()).toBe(true);
    await lab.clock.run(worker.stop());
  });
});

describe('a child that waits for its parents', () => {
  const child = { shardId: 'child', parentShardIds: ['left', 'right'] } as unknown as Lease;
  const row = (shardId: string, sequenceNumber: string): Lease =>
    ({ shardId, checkpoint: { sequenceNumber, subSequenceNumber: 0 } }) as unknown as Lease;

  function waiting() {
    const clock = new ManualClock();
    const man = watchman(clock);
    const rows = new Map<string, Lease>();
    const noted: string[] = [];
    const rounds: { readonly ended: Deferred<void>; readonly signal: AbortSignal }[] = [];
    let reads = 0;
    const watch = new ParentWatch({
      retry: { clock },
      failoverTime: 10_000,
      watchdog: man.watchdog,
      interval: 30_000,
      names: namesOfOne('orders'),
      rows: {
        get: async (shardId) => {
          reads++;
          return rows.get(shardId);
        },
      },
      view: { get: () => undefined, noted: ({ shardId }) => noted.push(shardId) },
      wait: (_lease, signal) => {
        const ended = deferred<void>();
        rounds.push({ ended, signal });
        signal.addEventListener('abort', () => ended.reject(signal.reason));
        return ended.promise;
      },
    });
    const stop = new AbortController();
    let state = 'waits';
    watch.wait(child, stop.signal).then(
      () => {
        state = 'starts';
      },
      (error) => {
        state = String(error.message);
      },
    );
    return { ...man, clock, rows, noted, rounds, stop, reads: () => reads, state: () => state };
  }

  test('of which one is still read, is left alone for as long as that takes', async () => {
    const { clock, rows, stalls, rounds, state } = waiting();
    rows.set('left', row('left', 'SHARD_END')).set('right', row('right', '49'));
    await clock.advance(3_600_000);
    expect(stalls).toEqual([]);
    expect(rounds).toHaveLength(1);
    rounds[0]?.ended.resolve();
    await clock.advance(0);
    expect(state()).toBe('starts');
    expect(clock.pending).toBe(1);
  });

  test('that have ended for a whole interval, is reported and its wait begun anew, and it starts', async () => {
    const { clock, rows, stalls, restarts, rounds, noted, state } = waiting();
    await clock.advance(100);
    // One has ended, and the row of the other is gone.
    rows.set('left', row('left', 'SHARD_END'));
    await clock.advance(31_000);
    expect(stalls).toEqual([]);
    await clock.advance(30_000);
    expect(stalls).toEqual([expect.stringMatching(/^child parents: CHILD_BLOCKED: .*left and right/)]);
    expect(restarts).toEqual(['child parents']);
    expect(noted).toEqual(['left']);
    expect(rounds[0]?.signal.aborted).toBe(true);
    expect(rounds).toHaveLength(2);
    rounds[1]?.ended.resolve();
    await clock.advance(0);
    expect(state()).toBe('starts');
    expect(stalls.slice(1)).toEqual(['child parents: well']);
  });

  test('is no longer reported once their rows show that one is read after all', async () => {
    const { clock, rows, stalls } = waiting();
    // Both rows are absent until a listing shows that they are to be created.
    await clock.advance(61_000);
    expect(stalls).toHaveLength(1);
    rows.set('left', row('left', 'TRIM_HORIZON')).set('right', row('right', 'SHARD_END'));
    await clock.advance(30_000);
    expect(stalls.slice(1)).toEqual(['child parents: well']);
  });

  test('is not reported when it learns of their end between two looks', async () => {
    const { clock, stalls, rounds, state } = waiting();
    await clock.advance(45_000);
    rounds[0]?.ended.resolve();
    await clock.advance(600_000);
    expect(state()).toBe('starts');
    expect(stalls).toEqual([]);
  });

  test('stops waiting when its consumer does, and costs a read a parent and interval', async () => {
    const { clock, stop, reads, state, stalls, rows } = waiting();
    rows.set('left', row('left', '1')).set('right', row('right', '1'));
    await clock.advance(300_500);
    expect(reads()).toBe(10);
    stop.abort(new Error('the consumer stops'));
    await clock.advance(0);
    expect(state()).toBe('the consumer stops');
    expect(stalls).toEqual([]);
  });

  test('whose listing hangs, starts by another one', async () => {
    const lab = new LeaseLab(1);
    const { stalls, watchdog } = watchman(lab.clock);
    let listings = 0;
    let hangs = false;
    const kinesis = {
      ...lab.kinesis,
      listShards: (...args: Parameters<typeof lab.kinesis.listShards>) =>
        hangs && listings++ === 0 ? never() : lab.kinesis.listShards(...args),
    };
    const worker = lab.worker('w1', { kinesis, watch: { watchdog, settings } });
    await lab.clock.run(worker.start());
    await lab.clock.advance(1000);
    const orphan: Item = {
      leaseKey: { S: 'shardId-000000000009' },
      leaseCounter: { N: '0' },
      checkpoint: { S: 'TRIM_HORIZON' },
      checkpointSubSequenceNumber: { N: '0' },
      ownerSwitchesSinceCheckpoint: { N: '0' },
      parentShardId: { SS: ['shardId-000000000008'] },
    };
    await lab.put(orphan);
    await lab.clock.advance(3000);
    const { lease, signal } = worker.held('shardId-000000000009');
    hangs = true;
    let began = false;
    void worker.coordinator.awaitParents(lease, signal).then(() => {
      began = true;
    });
    await lab.clock.advance(59_000);
    expect(began).toBe(false);
    await lab.clock.advance(2000);
    expect(began).toBe(true);
    expect(stalls).toEqual([
      expect.stringMatching(/^shardId-000000000009 parents: CHILD_BLOCKED/),
      'shardId-000000000009 parents: well',
    ]);
    await lab.clock.run(worker.stop());
  });
});
