import type { KinesisApi } from '../../../src/aws/kinesis-api';
import { sleep } from '../../../src/util/clock';
import { deferred } from '../../../src/util/deferred';
import { FAILOVER, LeaseLab, STREAM } from '../../support/lease-lab';

const ZERO = 'shardId-000000000000';
const ONE = 'shardId-000000000001';
const TWO = 'shardId-000000000002';
const SEQUENCE = '4968042065369323153772371906762222399940365083278416283';
const at = (last: number, subSequenceNumber = 0) => ({
  sequenceNumber: `${SEQUENCE}${last}`,
  subSequenceNumber,
});
const child = (shardId: string, ...parentShards: string[]) => ({
  shardId,
  parentShards,
  startingHashKey: '0',
  endingHashKey: ((1n << 128n) - 1n).toString(),
});

test('one worker creates table and rows, holds every shard, renews, and gives all back at its stop', async () => {
  const lab = new LeaseLab(2);
  const worker = lab.worker('w1');
  await lab.clock.run(worker.start());
  await lab.clock.advance(100);
  expect(worker.shards).toEqual([ZERO, ONE]);

  worker.held(ZERO).confirm(at(1, 3));
  await lab.clock.advance(4000);
  expect(lab.row(ZERO)).toMatchObject({
    leaseOwner: 'w1',
    kind: 'w1',
    checkpoint: at(1).sequenceNumber,
    checkpointSubSequenceNumber: 3,
    leaseCounter: 2,
  });
  expect(lab.row(ONE)).toMatchObject({ leaseOwner: 'w1', checkpoint: 'TRIM_HORIZON', leaseCounter: 2 });

  worker.held(ONE).confirm(at(2));
  await lab.clock.run(worker.stop());
  expect(lab.rows().map((row) => [row.leaseOwner, row.kind])).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
  expect(lab.row(ONE)).toMatchObject({ checkpoint: at(2).sequenceNumber });
  expect(lab.clock.pending).toBe(0);
  expect(worker.fatal).toEqual([]);
});

test('the next process reads on at once where a stopped one ended, with the instant it had frozen', async () => {
  const lab = new LeaseLab(1);
  const first = lab.worker('w1', { initialPosition: { type: 'LATEST' } });
  await lab.clock.run(first.start());
  await lab.clock.advance(10);
  const frozen = first.held(ZERO).lease.startAt;
  expect(frozen).toBeGreaterThan(0);
  first.held(ZERO).confirm(at(3));
  await lab.clock.run(first.stop());
  await lab.clock.advance(60_000);

  const next = lab.worker('w2', { initialPosition: { type: 'LATEST' } });
  await lab.clock.run(next.start());
  await lab.clock.advance(10);
  expect(next.held(ZERO).lease).toMatchObject({ checkpoint: at(3), owner: 'w2', startAt: frozen });
  expect(lab.row(ZERO)).toMatchObject({ ownerSwitchesSinceCheckpoint: 0 });
  await lab.clock.run(next.stop());
});

test('renewals go on for an hour without reading, and no lease is lost', async () => {
  const lab = new LeaseLab(3);
  const worker = lab.worker('w1', { scanInterval: 60_000 });
  await lab.clock.run(worker.start());
  for (let minute = 0; minute < 60; minute++) {
    await lab.clock.advance(60_000);
  }
  expect(worker.shards).toHaveLength(3);
  for (const shardId of worker.shards) {
    expect(worker.held(shardId).isValid()).toBe(true);
  }
  const renewals = Number(lab.row(ZERO)?.leaseCounter);
  expect(renewals).toBeGreaterThan(3_600_000 / (FAILOVER / 3) - 5);
  expect(renewals).toBeLessThan(3_600_000 / (FAILOVER / 3 - 25) + 5);
  await lab.clock.run(worker.stop());
});

test('no lease is lost while DynamoDB is slow, as long as all renewals fit into the time of a lease', async () => {
  // 150 leases, 20 requests at once, 1 s each: 7.5 s for a round of renewals, and a lease lasts 9.5 s.
  const lab = new LeaseLab(150);
  const worker = lab.worker('w1', {
    dynamo: {
      ...lab.dynamo,
      updateItem: async (input) => {
        await sleep(lab.clock, 1000);
        return lab.dynamo.updateItem(input);
      },
    },
  });
  await lab.clock.run(worker.start());
  await lab.clock.advance(12_000);
  const held = worker.coordinator.held();
  expect(held).toHaveLength(150);
  await lab.clock.advance(60_000);
  expect(held.filter((lease) => !lease.isValid())).toEqual([]);
});

test('a checkpoint is stored within checkpointInterval when that is shorter than a renewal', async () => {
  const lab = new LeaseLab(2);
  const worker = lab.worker('w1', { checkpointInterval: 200 });
  await lab.clock.run(worker.start());
  await lab.clock.advance(1000);
  worker.held(ZERO).confirm(at(4));
  await lab.clock.advance(201);
  expect(lab.row(ZERO)).toMatchObject({ checkpoint: at(4).sequenceNumber, leaseCounter: 2 });
  expect(lab.row(ONE)).toMatchObject({ leaseCounter: 1 });
  await lab.clock.run(worker.stop());
});

describe('when a worker dies', () => {
  test('another one reads its shards within failoverTime + 3 s, never before the dead one stopped being valid', async () => {
    const lab = new LeaseLab(4);
    const dead = lab.worker('w1');
    await lab.clock.run(dead.start());
    await lab.clock.advance(2000);
    const heir = lab.worker('w2');
    await lab.clock.run(heir.start());
    dead.held(ZERO).confirm(at(5));
    await lab.clock.advance(7_000);
    expect(heir.shards).toEqual([]);
    const zombies = dead.shards.map((shardId) => dead.held(shardId));
    // From here on no write of the first one gets through, as if its process or its network were gone.
    dead.dynamo.next(...new Array<'lost'>(5000).fill('lost'));
    const died = lab.clock.monotonic();
    while (heir.shards.length < 4) {
      await lab.clock.advance(100);
      if (heir.shards.length > 0) {
        expect(zombies.map((zombie) => zombie.isValid())).toEqual([false, false, false, false]);
      }
      expect(lab.clock.monotonic() - died).toBeLessThanOrEqual(FAILOVER + 3000);
    }
    expect(heir.held(ZERO).lease).toMatchObject({ checkpoint: at(5), ownerSwitchesSinceCheckpoint: 1 });
    await lab.clock.run(heir.stop());
    for (const shardId of [...dead.shards]) {
      dead.end(shardId);
    }
    await lab.clock.run(dead.coordinator.stop());
  });

  test('a lease whose owner renews is left alone for ever', async () => {
    const lab = new LeaseLab(1);
    const first = lab.worker('w1');
    await lab.clock.run(first.start());
    await lab.clock.advance(100);
    const second = lab.worker('w2');
    await lab.clock.run(second.start());
    await lab.clock.advance(120_000);
    expect(second.shards).toEqual([]);
    expect(first.shards).toEqual([ZERO]);
    await lab.clock.run(first.stop());
    await lab.clock.advance(1100);
    expect(second.shards).toEqual([ZERO]);
    await lab.clock.run(second.stop());
  });
});

describe('a lease that ran out here', () => {
  test('is adopted again, with a new counter, but only after its former consumer has ended', async () => {
    const lab = new LeaseLab(1);
    const worker = lab.worker('w1');
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    const former = worker.held(ZERO);
    worker.dynamo.next(...new Array<'lost'>(200).fill('lost'));
    await lab.clock.advance(FAILOVER + 5000);
    expect(former.signal.aborted).toBe(true);
    expect(worker.held(ZERO)).toBe(former);
    worker.dynamo.heal();
    worker.end(ZERO);
    await lab.clock.advance(1100);
    expect(worker.held(ZERO)).not.toBe(former);
    expect(worker.held(ZERO).lease).toMatchObject({ owner: 'w1', counter: 2 });
    await lab.clock.run(worker.stop());
    expect(worker.fatal).toEqual([]);
  });

  test('and a take whose answer was lost is adopted at the next scan', async () => {
    const lab = new LeaseLab(1);
    const worker = lab.worker('w1');
    worker.dynamo.next(undefined, 'unanswered');
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    expect(worker.shards).toEqual([]);
    expect(lab.row(ZERO)).toMatchObject({ leaseOwner: 'w1', leaseCounter: 1 });
    await lab.clock.advance(1000);
    expect(worker.held(ZERO).lease).toMatchObject({ owner: 'w1', counter: 2 });
    await lab.clock.run(worker.stop());
  });
});

describe('at the end of a shard', () => {
  test('its children are created, taken at once, wait for SHARD_END, and its row goes when both have begun', async () => {
    const lab = new LeaseLab(1);
    const worker = lab.worker('w1', { initialPosition: { type: 'LATEST' } });
    const { coordinator } = worker;
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    lab.split(ZERO);
    const parent = worker.held(ZERO);
    await lab.clock.run(coordinator.createChildren(parent, [child(ONE, ZERO), child(TWO, ZERO)]));
    expect(coordinator.leases().map(({ shardId }) => shardId)).toEqual([ZERO, ONE, TWO]);
    await lab.clock.advance(10);
    expect(worker.shards).toEqual([ZERO, ONE, TWO]);
    expect(lab.row(ONE)).toMatchObject({
      checkpoint: 'TRIM_HORIZON',
      parentShardId: [ZERO],
      startAt: lab.row(ZERO)?.startAt,
    });
    const { lease, signal } = worker.held(ONE);
    expect(coordinator.parentsFinished(lease)).toBe(false);
    let began = false;
    const waiting = coordinator.awaitParents(lease, signal).then(() => {
      began = true;
    });
    await lab.clock.advance(5000);
    expect(began).toBe(false);

    await lab.clock.run(parent.finish([ONE, TWO]));
    worker.end(ZERO);
    await waiting;
    expect(lab.row(ZERO)).toMatchObject({ checkpoint: 'SHARD_END', childShardIds: [ONE, TWO] });

    worker.held(ONE).confirm(at(6));
    await lab.clock.advance(5000);
    expect(lab.row(ZERO)).toBeDefined();
    worker.held(TWO).confirm(at(7));
    await lab.clock.advance(5000);
    expect(lab.row(ZERO)).toBeDefined();
    await lab.clock.advance(30 * FAILOVER);
    expect(lab.row(ZERO)).toBeUndefined();
    expect(coordinator.parentsFinished(worker.held(TWO).lease)).toBe(true);
    await lab.clock.run(worker.stop());
    expect(lab.rows()).toHaveLength(2);
  });

  test('a merge is read only when both parents have ended', async () => {
    const lab = new LeaseLab(2);
    const worker = lab.worker('w1');
    const { coordinator } = worker;
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    lab.merge(ZERO, ONE);
    await lab.clock.run(coordinator.createChildren(worker.held(ZERO), [child(TWO, ZERO, ONE)]));
    await lab.clock.run(worker.held(ZERO).finish([TWO]));
    await lab.clock.advance(10);
    const { lease } = worker.held(TWO);
    expect(coordinator.parentsFinished(lease)).toBe(false);
    await lab.clock.run(coordinator.createChildren(worker.held(ONE), [child(TWO, ZERO, ONE)]));
    await lab.clock.run(worker.held(ONE).finish([TWO]));
    expect(coordinator.parentsFinished(lease)).toBe(true);
    await lab.clock.run(worker.stop());
  });

  test('shards whose ancestors have all vanished get rows from their beginning while the worker runs', async () => {
    const lab = new LeaseLab(1);
    const gone = new Set<string>();
    const kinesis: KinesisApi = {
      ...lab.kinesis,
      listShards: async (stream, query, options) => {
        const page = await lab.kinesis.listShards(stream, query, options);
        return {
          ...page,
          shards: page.shards.filter(({ shardId }) => query.filter !== undefined || !gone.has(shardId)),
        };
      },
    };
    const worker = lab.worker('w1', { kinesis, initialPosition: { type: 'LATEST' } });
    const { coordinator } = worker;
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    lab.split(ZERO);
    lab.split(ONE);
    for (const shardId of [ZERO, ONE]) {
      gone.add(shardId);
    }
    const { shards } = await kinesis.listShards({ name: STREAM }, {});
    const two = shards.find(({ shardId }) => shardId === TWO);
    expect(two).toBeDefined();
    const children = two === undefined ? [] : [{ ...two, parentShards: [ZERO] }];
    await lab.clock.run(coordinator.createChildren(worker.held(ZERO), children));
    await lab.clock.run(worker.held(ZERO).finish([TWO]));
    worker.end(ZERO);
    await lab.clock.advance(10);
    expect(worker.shards).toEqual([TWO, 'shardId-000000000003', 'shardId-000000000004']);
    expect(lab.row('shardId-000000000003')).toMatchObject({
      checkpoint: 'TRIM_HORIZON',
      parentShardId: [ONE],
      startAt: lab.row(ZERO)?.startAt,
    });
    const { lease, signal } = worker.held('shardId-000000000003');
    await lab.clock.run(coordinator.awaitParents(lease, signal));
    expect(worker.fatal).toEqual([]);
    await lab.clock.run(worker.stop());
  });

  test('children are not created in the name of a lease that has run out', async () => {
    const lab = new LeaseLab(1);
    const worker = lab.worker('w1');
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    lab.clock.jumpWall(FAILOVER);
    const children = worker.coordinator.createChildren(worker.held(ZERO), [child(ONE, ZERO)]);
    await expect(children).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(lab.row(ONE)).toBeUndefined();
    worker.end(ZERO);
    await lab.clock.run(worker.stop());
  });

  test('child rows are created though answers are lost', async () => {
    const lab = new LeaseLab(1);
    const worker = lab.worker('w1');
    await lab.clock.run(worker.start());
    await lab.clock.advance(10);
    worker.dynamo.next('unanswered', 'lost', 'lost');
    const children = [child(ONE, ZERO), child(TWO, ZERO)];
    await lab.clock.run(worker.coordinator.createChildren(worker.held(ZERO), children));
    expect(lab.rows().map((row) => row.leaseKey)).toEqual([ZERO, ONE, TWO]);
    await lab.clock.run(worker.stop());
  });
});

test('only the shards asked for are taken, though all have rows', async () => {
  const lab = new LeaseLab(3);
  const worker = lab.worker('w1', { shardIds: [ONE] });
  await lab.clock.run(worker.start());
  await lab.clock.advance(50_000);
  expect(worker.shards).toEqual([ONE]);
  expect(worker.coordinator.leases()).toHaveLength(3);
  await lab.clock.run(worker.stop());
});

test('what a take under way brings after stopTaking was asked for is held, and can be given back', async () => {
  const lab = new LeaseLab(1);
  const answered = deferred<void>();
  const worker = lab.worker('w1', {
    dynamo: {
      ...lab.dynamo,
      updateItem: async (input) => {
        const row = await lab.dynamo.updateItem(input);
        await answered.promise;
        return row;
      },
    },
  });
  await lab.clock.run(worker.start());
  await lab.clock.advance(10);
  const stop = worker.stop();
  await lab.clock.advance(10);
  expect(lab.row(ZERO)).toMatchObject({ leaseOwner: 'w1' });
  answered.resolve();
  await lab.clock.run(stop);
  expect(lab.row(ZERO)).not.toHaveProperty('leaseOwner');
  expect(lab.clock.pending).toBe(0);
});

test('a stop does not wait for a scan that gets no answer', async () => {
  const lab = new LeaseLab(1);
  let hangs = false;
  const worker = lab.worker('w1', {
    dynamo: {
      ...lab.dynamo,
      scan: (input, options) =>
        hangs ? rejected(options?.signal, new Promise<never>(() => undefined)) : lab.dynamo.scan(input),
    },
  });
  await lab.clock.run(worker.start());
  await lab.clock.advance(10);
  hangs = true;
  await lab.clock.advance(1500);
  await lab.clock.run(worker.stop(), 1000);
  expect(lab.row(ZERO)).not.toHaveProperty('leaseOwner');
});

test('the time of a lease counts from the start of the take that was long in being answered', async () => {
  const lab = new LeaseLab(1);
  let taken = Number.NaN;
  const worker = lab.worker('w1', {
    scanInterval: 60_000,
    dynamo: {
      ...lab.dynamo,
      updateItem: async (input) => {
        if (!Number.isNaN(taken)) {
          return new Promise<never>(() => undefined);
        }
        taken = lab.clock.monotonic();
        await sleep(lab.clock, 2000);
        return lab.dynamo.updateItem(input);
      },
    },
  });
  await lab.clock.run(worker.start());
  await lab.clock.advance(2000);
  const held = worker.held(ZERO);
  await lab.clock.advance(taken + FAILOVER - 500 - lab.clock.monotonic() - 1);
  expect(held.isValid()).toBe(true);
  await lab.clock.advance(1);
  expect(held.isValid()).toBe(false);
  worker.end(ZERO);
  await lab.clock.run(worker.stop());
});

test('a stop during the start ends it', async () => {
  const lab = new LeaseLab(1);
  const never = new Promise<never>(() => undefined);
  const worker = lab.worker('w1', {
    kinesis: { ...lab.kinesis, describeStream: (_stream, options) => rejected(options?.signal, never) },
  });
  const start = worker.start();
  await lab.clock.advance(10);
  await worker.coordinator.stop();
  await expect(start).rejects.toThrow('closed');
});

test('a consumer that ends without giving its lease up has abandoned it; its failure is fatal', async () => {
  const lab = new LeaseLab(1);
  const failure = new Error('the consumer broke');
  const fatal: Error[] = [];
  const worker = lab.worker('w1', {
    onAcquired: () => Promise.reject(failure),
    onFatal: (error) => fatal.push(error),
    scanInterval: 60_000,
  });
  await lab.clock.run(worker.start());
  await lab.clock.advance(10);
  expect(fatal).toEqual([failure]);
  expect(worker.coordinator.held()).toEqual([]);
  await lab.clock.run(worker.coordinator.stop());
});

test('an error that cannot heal is fatal; a scan that fails for a while is not', async () => {
  const lab = new LeaseLab(1);
  const worker = lab.worker('w1');
  await lab.clock.run(worker.start());
  await lab.clock.advance(10);
  worker.dynamo.lostScans = 20;
  await lab.clock.advance(30_000);
  expect(worker.dynamo.lostScans).toBe(0);
  expect(worker.fatal).toEqual([]);
  worker.dynamo.next('refused by the service');
  await lab.clock.advance(4000);
  expect(worker.fatal).toMatchObject([{ code: 'AWS_ACCESS_DENIED' }]);
  await lab.clock.run(worker.stop());
});

/** `work`, given up as a request is. */
function rejected<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  ]);
}
