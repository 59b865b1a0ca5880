import fc from 'fast-check';
import { NO_METRICS } from '../../../src/io';
import { HeldLease } from '../../../src/lease/held-lease';
import type { Lease } from '../../../src/lease/lease';
import { LeaseMetrics } from '../../../src/lease/lease-metrics';
import { LeaseTable } from '../../../src/lease/lease-table';
import { namesOfOne } from '../../../src/lease/shard-names';
import { openLeaseTable } from '../../../src/lease/table-opening';
import { instantOf } from '../../../src/lease/validity';
import { Gate } from '../../../src/util/gate';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { DEFAULT_TABLE } from '../../support/lease-defaults';
import { type Fate, LossyDynamo } from '../../support/lossy-dynamo';
import { ManualClock } from '../../support/manual-clock';
import { modelDynamo } from '../../support/model-dynamo';

const SHARD = 'shardId-000000000000';
const FAILOVER = 10_000;
const VALID = FAILOVER - 500;
const never = new AbortController().signal;
const unheard = (clock: ManualClock): LeaseMetrics =>
  new LeaseMetrics({ metrics: NO_METRICS, clock, stream: 'orders', worker: 'a' });
const at = (sequence: number, subSequenceNumber = 0) => ({
  sequenceNumber: String(sequence),
  subSequenceNumber,
});

/** One row in a DynamoDB of which the test decides what gets through, and holders of it. */
class Lab {
  readonly clock = new ManualClock();
  readonly model = modelDynamo(this.clock);
  readonly dynamo = new LossyDynamo(this.model);
  readonly table = new LeaseTable('app', this.dynamo);

  static async open(): Promise<Lab> {
    const lab = new Lab();
    const { dynamo, clock } = lab;
    const retry = { clock, random: seededRandom(7), bounds: { initialMs: 100, maxMs: 1000 } };
    await clock.run(
      openLeaseTable(
        { dynamo, tableName: 'app', retry, settings: DEFAULT_TABLE, logger: silentLogger },
        never,
      ),
    );
    const lease = {
      shardId: SHARD,
      checkpoint: { sequenceNumber: 'TRIM_HORIZON', subSequenceNumber: 0 },
      parentShardIds: [],
      hashRange: { startingHashKey: '0', endingHashKey: '9' },
      startAt: undefined,
      streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/orders',
    };
    await lab.table.create(lease, never);
    return lab;
  }

  async row(): Promise<Lease> {
    const row = await new LeaseTable('app', this.model).get(SHARD, never);
    if (row === undefined) {
      throw new Error('the row is gone');
    }
    return row;
  }

  async take(worker: string): Promise<HeldLease> {
    const since = instantOf(this.clock);
    const row = await new LeaseTable('app', this.model).take(await this.row(), worker, undefined, never);
    return this.hold(row, worker, since);
  }

  hold(row: Lease, worker: string, since = instantOf(this.clock)): HeldLease {
    return new HeldLease(row, since, {
      table: this.table,
      worker,
      failoverTime: FAILOVER,
      retry: { clock: this.clock, random: seededRandom(1), bounds: { initialMs: 100, maxMs: 1000 } },
      gate: new Gate(20),
      metrics: unheard(this.clock),
      names: namesOfOne('orders'),
    });
  }
}

/** Every write a holder makes, and what the row shows after it when 8 was confirmed. */
const KINDS = {
  'a renewal': { ask: (held: HeldLease) => held.renew(), owner: 'a', checkpoint: '8' },
  'an eviction': { ask: (held: HeldLease) => held.evict(), owner: undefined, checkpoint: '8' },
  'an end of shard': {
    ask: (held: HeldLease) => held.finish(['x']),
    owner: undefined,
    checkpoint: 'SHARD_END',
  },
};

describe('a write of the holder', () => {
  test('carries the newest confirmed checkpoint; one that is behind is ignored', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    held.confirm(at(20, 4));
    held.confirm(at(20, 1));
    held.confirm(at(3));
    await held.renew();
    expect(await lab.row()).toMatchObject({ owner: 'a', counter: 2, checkpoint: at(20, 4) });
    expect(held.hasProgress).toBe(false);
  });

  test('never writes SHARD_END by a confirmation: only finish does', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    held.confirm(at(5));
    held.confirm({ sequenceNumber: 'SHARD_END', subSequenceNumber: 0 });
    await held.renew();
    expect((await lab.row()).checkpoint).toEqual(at(5));
    await held.finish(['x', 'y']);
    expect(await lab.row()).toMatchObject({
      owner: undefined,
      checkpoint: { sequenceNumber: 'SHARD_END', subSequenceNumber: 0 },
      childShardIds: ['x', 'y'],
    });
  });

  test('settles a prepared checkpoint, resets owner switches, and leaves attributes of others alone', async () => {
    const lab = await Lab.open();
    lab.model.model.invoke('UpdateItem', {
      TableName: 'app',
      Key: { leaseKey: { S: SHARD } },
      UpdateExpression:
        'SET leaseOwner = :o, checkpointOwner = :o, throughputKBps = :t, pendingCheckpoint = :p, pendingCheckpointState = :b',
      ExpressionAttributeValues: {
        ':o': { S: 'java' },
        ':t': { N: '0.25' },
        ':p': { S: '7' },
        ':b': { B: 'AQID' },
      },
    });
    const held = await lab.take('a');
    expect((await lab.row()).ownerSwitchesSinceCheckpoint).toBe(1);
    held.confirm(at(9));
    held.caughtUp(1_700_000_000_000);
    await held.renew();
    const item = await lab.model.getItem({ TableName: 'app', Key: { leaseKey: { S: SHARD } } });
    expect(item).toMatchObject({ throughputKBps: { N: '0.25' }, caughtUpAt: { N: '1700000000000' } });
    expect(item).toMatchObject({ ownerSwitchesSinceCheckpoint: { N: '0' }, kind: { S: 'a' } });
    expect(Object.keys(item ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(pending|checkpointOwner)/)]),
    );
  });

  test('happens once when two renewals are asked for at the same time', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    const before = lab.dynamo.writes;
    await Promise.all([held.renew(), held.renew()]);
    expect(lab.dynamo.writes - before).toBe(1);
    expect((await lab.row()).counter).toBe(2);
  });

  test('that gives the lease up waits for the renewal under way, and no renewal follows it', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    held.confirm(at(1));
    const renewal = held.renew();
    const eviction = held.evict(at(2));
    await Promise.all([renewal, eviction, held.renew()]);
    await held.renew();
    expect(await lab.row()).toMatchObject({ owner: undefined, counter: 3, checkpoint: at(2), ours: false });
    expect(held.isValid()).toBe(false);
    expect(held.signal.aborted).toBe(false);
    expect(lab.clock.pending).toBe(0);
  });

  test('cannot follow the one that gave the lease up', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    await held.evict(at(2));
    await held.evict();
    await expect(held.finish([])).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect((await lab.row()).checkpoint).toEqual(at(2));
  });

  test('that cannot heal is reported, and leaves the lease held', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    lab.dynamo.next('refused by the service', 'refused by the service');
    await expect(held.renew()).rejects.toMatchObject({ code: 'AWS_ACCESS_DENIED' });
    await expect(held.evict()).rejects.toMatchObject({ code: 'AWS_ACCESS_DENIED' });
    expect(held.isValid()).toBe(true);
    await held.evict(at(4));
    expect(await lab.row()).toMatchObject({ owner: undefined, checkpoint: at(4) });
  });
});

describe('when an answer is lost', () => {
  test.each(Object.entries(KINDS))('%s that took effect is found out and not repeated', async (_, kind) => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    held.confirm(at(8));
    lab.dynamo.next('unanswered');
    await lab.clock.run(kind.ask(held));
    expect(await lab.row()).toMatchObject({ owner: kind.owner, counter: 2 });
    expect((await lab.row()).checkpoint.sequenceNumber).toBe(kind.checkpoint);
    expect(held.lease).toEqual(await lab.row());
  });

  test.each(Object.entries(KINDS))('%s that took no effect is tried again', async (_, kind) => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    held.confirm(at(8));
    lab.dynamo.next('lost', 'hanging', 'lost');
    lab.dynamo.lostReads = 2;
    await lab.clock.run(kind.ask(held));
    expect(await lab.row()).toMatchObject({ owner: kind.owner, counter: 2 });
    expect((await lab.row()).checkpoint.sequenceNumber).toBe(kind.checkpoint);
  });

  test('an eviction behind a late renewal is written on top of it', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    held.confirm(at(8));
    lab.dynamo.next('late', 'refused by the service');
    await expect(lab.clock.run(held.renew())).rejects.toMatchObject({ code: 'AWS_ACCESS_DENIED' });
    await lab.dynamo.arrive();
    expect(await lab.row()).toMatchObject({ owner: 'a', counter: 2, checkpoint: at(8) });
    await lab.clock.run(held.evict(at(9)));
    expect(await lab.row()).toMatchObject({ owner: undefined, counter: 3, checkpoint: at(9) });
  });

  test('the checkpoint is the one the row shows, not the one asked for', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    held.confirm(at(8));
    lab.dynamo.next('late', 'refused by the service');
    await expect(lab.clock.run(held.renew())).rejects.toMatchObject({ code: 'AWS_ACCESS_DENIED' });
    await lab.dynamo.arrive();
    held.confirm(at(9));
    await lab.clock.run(held.renew());
    expect(held.lease.checkpoint).toEqual(at(8));
    expect(held.hasProgress).toBe(true);
    await held.renew();
    expect((await lab.row()).checkpoint).toEqual(at(9));
  });
});

describe('a request for a hand-over', () => {
  const ask = async (lab: Lab, id: string): Promise<void> => {
    const { owner = '', ...row } = await lab.row();
    await new LeaseTable('app', lab.model).ask({ ...row, owner }, `asker ${id}`, id, never);
  };

  test('is found in the answer to any write, and answered at once by one more', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    held.confirm(at(8));
    await ask(lab, 'r1');
    expect(held.asked.aborted).toBe(false);
    await held.renew();
    expect(held.asked.aborted).toBe(true);
    expect(await lab.row()).toMatchObject({ counter: 3, checkpoint: at(8), draining: 'r1' });
    expect(held.isValid()).toBe(true);
  });

  test('does not stand in the way of the write that was under way', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    await ask(lab, 'r1');
    await held.evict(at(9));
    expect(await lab.row()).toMatchObject({ owner: undefined, handoffTo: 'asker r1', checkpoint: at(9) });
    expect(await lab.row()).toMatchObject({ handoffId: undefined, draining: undefined });
  });

  test('leaves the counter to the owner', async () => {
    const lab = await Lab.open();
    await lab.take('a');
    await ask(lab, 'r1');
    expect(await lab.row()).toMatchObject({ counter: 1, handoffTo: 'asker r1', handoffId: 'r1' });
  });

  test('that stands in a row which is adopted counts from the first moment, answered or not', async () => {
    const lab = await Lab.open();
    await lab.take('a');
    await ask(lab, 'r1');
    const adopted = (await lab.take('a')).lease;
    expect(adopted.handoffId).toBeUndefined();
    const held = lab.hold({ ...adopted, handoffTo: 'b', handoffId: 'r1', draining: 'r1' }, 'a');
    expect(held.asked.aborted).toBe(true);
  });

  test.each<[Fate, number]>([
    ['lost', 2],
    ['hanging', 2],
    ['late', 2],
    ['unanswered', 3],
  ])(
    'is not forgotten when the row is read again because an answer was %s, and answered by the next write',
    async (fate, counter) => {
      const lab = await Lab.open();
      const held = await lab.take('a');
      await ask(lab, 'r1');
      lab.dynamo.next(fate);
      await lab.clock.run(held.renew());
      expect(held.asked.aborted).toBe(true);
      expect(await lab.row()).toMatchObject({ owner: 'a', draining: 'r1', counter });
    },
  );

  test('is answered again for each newer id while the first one is drained for', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    await ask(lab, 'r1');
    await held.renew();
    await held.renew();
    expect((await lab.row()).counter).toBe(4);
    await ask(lab, 'r2');
    await held.renew();
    expect(await lab.row()).toMatchObject({ draining: 'r2', handoffTo: 'asker r2' });
    await held.evict();
    expect(await lab.row()).toMatchObject({ owner: undefined, handoffTo: 'asker r2' });
  });

  test('leaves no trace in the row of a shard that has ended', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    await ask(lab, 'r1');
    await held.renew();
    await held.finish(['x']);
    const { handoffTo, handoffId, draining } = await lab.row();
    expect([handoffTo, handoffId, draining]).toEqual([undefined, undefined, undefined]);
  });

  test('is made once: a second one is refused while the first stands, and after any write of the owner', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    const { owner = '', ...seen } = await lab.row();
    const stale = { ...seen, owner };
    await ask(lab, 'r1');
    const second = lab.table.ask(stale, 'b', 'r2', never);
    await expect(second).rejects.toMatchObject({ code: 'LEASE_TABLE_CONDITION' });
    await held.renew();
    const third = lab.table.ask({ ...stale, handoffId: 'r1' }, 'b', 'r3', never);
    await expect(third).rejects.toMatchObject({ code: 'LEASE_TABLE_CONDITION' });
  });

  test('that is taken back after it was answered leaves a lease that is given up to nobody', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    await ask(lab, 'r1');
    await held.renew();
    expect(await lab.table.withdraw(SHARD, 'asker r1', never)).toBe(true);
    expect(await lab.table.withdraw(SHARD, 'asker r1', never)).toBe(false);
    await held.evict();
    expect(await lab.row()).toMatchObject({ owner: undefined, handoffTo: undefined, draining: undefined });
  });
});

describe('a zombie', () => {
  test.each(Object.entries(KINDS))(
    'whose %s arrives late never moves the checkpoint or the owner back',
    async (_, kind) => {
      const lab = await Lab.open();
      const zombie = await lab.take('a');
      zombie.confirm(at(5));
      lab.dynamo.next('late');
      lab.dynamo.lostReads = 3;
      const write = kind.ask(zombie).catch((error: unknown) => error);
      const next = await lab.take('b');
      next.confirm(at(50));
      await next.renew();
      const before = await lab.row();
      await lab.dynamo.arrive();
      expect(await lab.row()).toEqual(before);
      expect(await lab.clock.run(write)).toMatchObject({ code: 'LEASE_LOST' });
      await expect(zombie.evict(at(60))).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(await lab.row()).toEqual(before);
    },
  );

  test('learns at its next write that the lease was stolen, and writes nothing any more', async () => {
    const lab = await Lab.open();
    const zombie = await lab.take('a');
    await lab.take('b');
    await expect(zombie.renew()).rejects.toMatchObject({ code: 'LEASE_LOST', found: 'owner b, counter 2' });
    expect(zombie.signal.reason).toMatchObject({ code: 'LEASE_LOST' });
    expect(zombie.isValid()).toBe(false);
    const writes = lab.dynamo.writes;
    await expect(zombie.finish([])).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(lab.dynamo.writes).toBe(writes);
  });

  test('whose row was deleted has lost the lease', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    await lab.model.deleteItem({ TableName: 'app', Key: { leaseKey: { S: SHARD } } });
    await expect(held.renew()).rejects.toMatchObject({ code: 'LEASE_LOST', found: 'no row' });
  });
});

describe('validity', () => {
  test('ends 500 ms before failoverTime on its own, and the signal says so', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    await lab.clock.advance(VALID - 1);
    expect(held.isValid()).toBe(true);
    await lab.clock.advance(1);
    expect(held.signal.reason).toMatchObject({ code: 'LEASE_LOST' });
    expect(held.isValid()).toBe(false);
    expect(lab.clock.pending).toBe(0);
  });

  test('counts from the start of the take, not from its answer', async () => {
    const lab = await Lab.open();
    const since = instantOf(lab.clock);
    await lab.clock.advance(3000);
    const row = await lab.table.take(await lab.row(), 'a', undefined, never);
    const held = new HeldLease(row, since, {
      table: lab.table,
      worker: 'a',
      failoverTime: FAILOVER,
      retry: { clock: lab.clock, random: seededRandom(1), bounds: { initialMs: 100, maxMs: 1000 } },
      gate: new Gate(1),
      metrics: unheard(lab.clock),
      names: namesOfOne('orders'),
    });
    await lab.clock.advance(VALID - 3000 - 1);
    expect(held.isValid()).toBe(true);
    await lab.clock.advance(1);
    expect(held.isValid()).toBe(false);
  });

  test('counts from the first attempt made with a counter, though a later one succeeded', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    await lab.clock.advance(3000);
    const first = lab.clock.monotonic();
    lab.dynamo.next('hanging', 'hanging');
    await lab.clock.run(held.renew());
    expect(lab.clock.monotonic() - first).toBeGreaterThanOrEqual(5000);
    await lab.clock.advance(first + VALID - lab.clock.monotonic() - 1);
    expect(held.isValid()).toBe(true);
    await lab.clock.advance(1);
    expect(held.isValid()).toBe(false);
  });

  test('ends when the wall clock says so, though the monotonic one stood still', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    lab.clock.jumpWall(VALID);
    expect(held.isValid()).toBe(false);
  });

  test('does not last longer because the wall clock was set back', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    lab.clock.jumpWall(-3_600_000);
    await lab.clock.advance(VALID);
    expect(held.isValid()).toBe(false);
  });

  test('once over is over: a clock set back does not bring the lease again, and nothing is written', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    held.confirm(at(5));
    lab.clock.jumpWall(VALID);
    expect(held.isValid()).toBe(false);
    lab.clock.jumpWall(-VALID);
    expect(held.isValid()).toBe(false);
    const writes = lab.dynamo.writes;
    await expect(held.evict()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(lab.dynamo.writes).toBe(writes);
  });

  test('ends while no write gets through, and the write under way is given up', async () => {
    const lab = await Lab.open();
    const held = await lab.take('a');
    lab.dynamo.next(...new Array<Fate>(50).fill('lost'));
    const renewal = held.renew();
    await expect(lab.clock.run(renewal)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(lab.clock.monotonic()).toBe(VALID);
    expect(lab.clock.pending).toBe(0);
  });
});

test('whatever answers are lost, checkpoint and counter only grow, and a write that succeeds is what the row shows', async () => {
  const fates = fc.constantFrom<Fate | undefined>(undefined, 'lost', 'unanswered', 'late', 'hanging');
  const step = fc.record({
    who: fc.constantFrom('a', 'b'),
    what: fc.constantFrom('renew', 'arrive', 'take', 'evict'),
    fates: fc.array(fates, { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (history) => {
      const lab = await Lab.open();
      const holders: { [name: string]: HeldLease | undefined } = {};
      let confirmed = 0;
      let last = await lab.row();
      for (const { who, what, fates } of history) {
        const held = holders[who];
        if (what === 'arrive') {
          await lab.dynamo.arrive();
        } else if (what === 'take') {
          holders[who] = await lab.take(who);
        } else if (held !== undefined) {
          held.confirm(at(++confirmed));
          lab.dynamo.next(...fates);
          const done = await lab.clock.run(
            held[what]().then(
              () => held.lease.counter > last.counter,
              () => false,
            ),
          );
          if (done) {
            expect(held.lease).toEqual(await lab.row());
          }
        }
        const row = await lab.row();
        expect(row.counter).toBeGreaterThanOrEqual(last.counter);
        expect(Number(row.checkpoint.sequenceNumber) || 0).toBeGreaterThanOrEqual(
          Number(last.checkpoint.sequenceNumber) || 0,
        );
        last = row;
      }
    }),
    { numRuns: 100 },
  );
});
