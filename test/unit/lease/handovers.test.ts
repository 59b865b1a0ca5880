import { ConnectorError } from '../../../src/errors';
import { sleep } from '../../../src/util/clock';
import type { Fate, Step } from '../../support/handing-worker';
import { HandoverLab } from '../../support/handover-lab';
import { FAILOVER } from '../../support/lease-lab';

const OUTAGE = (): Promise<never> => Promise.reject(new ConnectorError('AWS_UNAVAILABLE', 'down'));

/** Two shards, and one worker that holds both. */
async function labOf(shards = 2) {
  const lab = new HandoverLab(shards);
  const owner = await lab.start('owner');
  await lab.run(500);
  return { lab, owner };
}

const steps = (lab: HandoverLab): string[] =>
  lab.history.filter((line) => !line.includes('renew')).map((line) => line.replace(/ @.*/, ''));

describe('a hand-over', () => {
  test('to a worker that joins is asked for, answered within the owner’s next scan, and leaves no gap of a second', async () => {
    const { lab, owner } = await labOf();
    const asker = await lab.start('asker');
    expect(await lab.untilOwned([owner, asker], 5000)).toBeLessThan(2000);
    await lab.run(30_000);
    const made = steps(lab);
    expect(made.slice(0, 2).sort()).toEqual(['owner take 0', 'owner take 1']);
    expect(made.slice(2)).toEqual(['asker ask 0', 'owner answer 0', 'owner evict 0', 'asker take 0']);
    expect(lab.between('ask', 'answer')).toBeLessThan(1100);
    expect(lab.between('evict', 'take')).toBeLessThan(300);
    expect(lab.row('shardId-000000000000')).toMatchObject({ leaseOwner: 'asker', kind: 'asker' });
    expect(Object.keys(lab.rows()[0] ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/handoff|draining/)]),
    );
    expect(lab.row('shardId-000000000000')?.ownerSwitchesSinceCheckpoint).toBe(0);
    expect(lab.violations).toEqual([]);
  });

  test('of many leases goes on until both have the same, a few at a time, each moved once', async () => {
    const { lab, owner } = await labOf(40);
    const asker = await lab.start('asker', { maxConcurrentHandovers: 4 });
    let most = 0;
    for (let ms = 0; ms < 15_000; ms += 100) {
      await lab.run(100);
      most = Math.max(most, lab.rows().filter(({ handoffTo }) => handoffTo === 'asker').length);
    }
    expect(most).toBe(4);
    // The next ones are asked for as soon as the last of those under way is through.
    const at = (step: Step): number[] =>
      lab.history
        .filter((line) => line.startsWith(`asker ${step} `))
        .map((line) => Number(line.split('@')[1]));
    expect((at('ask')[4] ?? 0) - (at('take')[3] ?? 0)).toBeLessThan(100);
    expect([owner.shards.length, asker.shards.length]).toEqual([20, 20]);
    expect(steps(lab).filter((step) => step.includes('asker take'))).toHaveLength(20);
    expect(lab.violations).toEqual([]);
  });

  test('to two workers that ask at the same time gives each its share and nobody more', async () => {
    const { lab, owner } = await labOf(9);
    const [one, two] = await Promise.all([lab.start('one'), lab.start('two')]);
    await lab.run(15_000);
    expect([owner, one, two].map(({ shards }) => shards.length)).toEqual([3, 3, 3]);
    expect(lab.violations).toEqual([]);
  });

  test('never gives a worker more than maxLeases, those on the way included', async () => {
    const { lab, owner } = await labOf(6);
    const asker = await lab.start('asker', { maxLeases: 2 });
    await lab.run(20_000);
    expect([owner.shards.length, asker.shards.length]).toEqual([4, 2]);
  });
});

describe('beside a worker that may have one lease only', () => {
  const limited = { maxLeases: 1 };

  test('the others come to have the same', async () => {
    const { lab, owner } = await labOf(10);
    const full = await lab.start('full', limited);
    await lab.run(3000);
    const asker = await lab.start('asker');
    await lab.run(5000 + 3 * FAILOVER);
    expect([owner, asker, full].map(({ shards }) => shards.length)).toEqual([5, 4, 1]);
    const moves = steps(lab).filter((step) => step.includes('evict'));
    expect(new Set(moves).size).toBe(moves.length);
    expect(lab.violations).toEqual([]);
  });

  test.each(['stops', 'dies'])('one that %s leaves nothing unread for longer than usual', async (how) => {
    const { lab, owner } = await labOf(10);
    const full = await lab.start('full', limited);
    await lab.run(3000);
    if (how === 'dies') {
      owner.process.kill();
      await lab.start('next');
      await lab.run(FAILOVER + 6000);
    } else {
      await lab.clock.run(owner.stop());
      const next = await lab.start('next');
      await lab.run(3000);
      expect(next.shards).toHaveLength(9);
    }
    expect(full.shards).toHaveLength(1);
    expect(lab.rows().filter(({ leaseOwner }) => leaseOwner === 'next')).toHaveLength(9);
    expect(lab.violations).toEqual([]);
  });
});

describe('whatever becomes of a write of a hand-over', () => {
  const fates: readonly Fate[] = ['lost', 'unanswered', 'late', 'slow'];
  const writes: readonly Step[] = ['ask', 'answer', 'evict', 'take'];
  const cases = writes.flatMap((step) => fates.map((fate) => [step, fate] as const));

  test.each(cases)('%s %s: each worker ends with one shard, within a renewal', async (step, fate) => {
    const { lab, owner } = await labOf();
    const writer = step === 'answer' || step === 'evict' ? 'owner' : 'asker';
    if (writer === 'owner') {
      owner.next(step, fate);
    }
    const asker = await lab.start('asker', {}, (worker) => {
      if (writer === 'asker') {
        worker.next(step, fate);
      }
    });
    await lab.run(6000);
    expect([owner.ordersLeft, asker.ordersLeft]).toEqual([0, 0]);
    await Promise.all([owner.arrive(), asker.arrive()]);
    await lab.run(FAILOVER);
    expect([owner.shards.length, asker.shards.length]).toEqual([1, 1]);
    expect(lab.ownedBy([owner, asker])).toBe(true);
    expect(lab.violations).toEqual([]);
  });

  test('an eviction that arrives after the take is refused', async () => {
    const { lab, owner } = await labOf();
    owner.next('evict', 'late');
    const asker = await lab.start('asker');
    await lab.run(3000);
    const [shard = ''] = asker.shards;
    const before = lab.row(shard);
    expect(await owner.arrive()).toBe(1);
    expect(lab.row(shard)).toEqual(before);
    expect(lab.violations).toEqual([]);
  });
});

describe('a worker that dies', () => {
  /** Runs a hand-over in which `who` dies at one of its calls; undefined when there were not so many. */
  async function dying(who: 'owner' | 'asker', call: number, moment: 'before' | 'after') {
    const lab = new HandoverLab(2);
    const owner = await lab.start('owner');
    await lab.run(500);
    if (who === 'owner') {
      owner.killAt(call, moment);
    }
    const asker = await lab.start('asker', {}, (worker) => {
      if (who === 'asker') {
        worker.killAt(call, moment);
      }
    });
    const dead = who === 'owner' ? owner : asker;
    const survivor = who === 'owner' ? asker : owner;
    await lab.run(4000);
    if (dead.killedAt === undefined) {
      return undefined;
    }
    await lab.untilOwned([survivor], FAILOVER + 3000);
    const ms = lab.clock.monotonic() - dead.killedAt;
    await lab.run(15_000);
    return { ms, lab, survivor };
  }

  test.each(['owner', 'asker'] as const)(
    'as %s, at any call to the table, leaves every shard to the other within failoverTime + 3 s',
    async (who) => {
      let died = 0;
      for (let call = 0; call < 40; call++) {
        for (const moment of ['before', 'after'] as const) {
          const outcome = await dying(who, call, moment);
          if (outcome === undefined) {
            continue;
          }
          died++;
          const { ms, lab, survivor } = outcome;
          expect({ call, moment, late: ms > FAILOVER + 3000 }).toEqual({
            call,
            moment,
            late: false,
          });
          expect(lab.ownedBy([survivor])).toBe(true);
          expect(lab.violations).toEqual([]);
        }
      }
      expect(died).toBeGreaterThan(10);
    },
  );

  test('after it was given a lease leaves it to the others two seconds later', async () => {
    const { lab, owner } = await labOf();
    const asker = await lab.start('asker');
    asker.next('take', 'kill before');
    await lab.run(2000);
    expect(asker.process.killed).toBe(true);
    expect(await lab.untilOwned([owner], 5000)).toBeLessThan(3300);
    expect(lab.between('evict', 'take')).toBeGreaterThanOrEqual(2000);
  });
});

describe('a worker that is paused for longer than failoverTime', () => {
  const cases = (['owner', 'asker'] as const).flatMap((who) =>
    (['ask', 'answer', 'evict', 'take'] as const).flatMap((step) =>
      (['pause before', 'pause after'] as const).map((fate) => [who, fate, step] as const),
    ),
  );

  test.each(cases.filter(([who, , step]) => (who === 'owner') === (step === 'answer' || step === 'evict')))(
    '%s, %s its %s, does no harm when it goes on, and the shards end up shared',
    async (who, fate, step) => {
      const { lab, owner } = await labOf();
      if (who === 'owner') {
        owner.next(step, fate);
      }
      const asker = await lab.start('asker', {}, (worker) => {
        if (who === 'asker') {
          worker.next(step, fate);
        }
      });
      const zombie = who === 'owner' ? owner : asker;
      const other = who === 'owner' ? asker : owner;
      await lab.run(3000);
      expect(zombie.process.runs).toBe(false);
      expect(await lab.untilOwned([other], FAILOVER + 3000)).toBeLessThanOrEqual(FAILOVER + 3000);
      await zombie.process.resume();
      await lab.run(2 * FAILOVER);
      expect(lab.ownedBy([owner, asker])).toBe(true);
      expect([owner.shards.length, asker.shards.length]).toEqual([1, 1]);
      expect(lab.violations).toEqual([]);
    },
  );
});

describe('an owner', () => {
  test('that stops while a request stands gives the lease to the one that asked', async () => {
    const { lab, owner } = await labOf();
    const asker = await lab.start('asker');
    await lab.until('asker ask 0');
    await lab.clock.run(owner.stop());
    await lab.run(1500);
    expect(asker.shards).toHaveLength(2);
    expect(lab.violations).toEqual([]);
  });

  test('that comes to the end of the shard while a request stands finishes it, and nobody takes it', async () => {
    const { lab, owner } = await labOf();
    await lab.start('asker');
    await lab.until('asker ask 0');
    const held = owner.coordinator.held().find(({ shardId }) => lab.row(shardId)?.handoffTo === 'asker');
    await held?.finish(['x']);
    expect(lab.row(held?.shardId ?? '')).toEqual(
      expect.not.objectContaining({ handoffTo: expect.anything(), leaseOwner: expect.anything() }),
    );
    await lab.run(5000);
    expect(steps(lab).filter((step) => step.includes('asker take'))).toEqual([]);
    expect(owner.shards).toHaveLength(1);
  });

  test('that drains too long is stolen from after handoffTimeout, not before, and writes nothing after that', async () => {
    const { lab, owner } = await labOf();
    owner.drainMs = 60_000;
    const asker = await lab.start('asker', { handoffTimeout: 15_000 });
    await lab.run(14_000);
    expect(asker.shards).toEqual([]);
    await lab.run(4000);
    expect(asker.shards).toHaveLength(1);
    await lab.run(10_000);
    expect([owner.shards.length, asker.shards.length]).toEqual([1, 1]);
  });

  test('that was asked in a former tenure hands over in the next one', async () => {
    const { lab, owner } = await labOf();
    owner.drainMs = 60_000;
    const asker = await lab.start('asker');
    await lab.run(2000);
    const [shard = ''] = lab.rows().flatMap((row) => (row.draining === undefined ? [] : [`${row.leaseKey}`]));
    const held = owner.coordinator.held().find(({ shardId }) => shardId === shard);
    held?.abandon('its consumer failed');
    owner.drainMs = 20;
    await lab.run(3000);
    expect(asker.shards).toEqual([shard]);
    expect(steps(lab).filter((step) => step.includes('steal'))).toEqual([]);
    expect(lab.violations).toEqual([]);
  });

  test('that renews but does not know of hand-overs is stolen from at its second renewal', async () => {
    const lab = new HandoverLab(2);
    const first = await lab.start('first');
    await lab.run(500);
    first.process.kill();
    const renew = async (counter: number) => {
      for (const { leaseKey } of lab.rows()) {
        await lab.dynamo.updateItem({
          TableName: 'app',
          Key: { leaseKey: { S: String(leaseKey) } },
          UpdateExpression: 'SET leaseOwner = :o, kind = :o, leaseCounter = :c',
          ConditionExpression: 'NOT leaseOwner = :asker',
          ExpressionAttributeValues: {
            ':o': { S: 'old' },
            ':c': { N: `${counter}` },
            ':asker': { S: 'asker' },
          },
        });
      }
    };
    await renew(100);
    const asker = await lab.start('asker');
    await lab.run(3000);
    expect(steps(lab).at(-1)).toBe('asker ask 0');
    await renew(101);
    await lab.run(1000);
    expect(asker.shards).toEqual([]);
    await renew(102);
    await lab.run(1000);
    expect(asker.shards).toHaveLength(1);
  });
});

describe('an asker', () => {
  test('that stops takes its requests back, so that nobody waits for it', async () => {
    const { lab, owner } = await labOf();
    const asker = await lab.start('asker');
    await lab.until('asker ask 0');
    await lab.clock.run(asker.stop());
    expect(steps(lab).at(-1)).toBe('asker withdraw 0');
    await lab.run(5000);
    expect(owner.shards).toHaveLength(2);
    expect(lab.history.filter((line) => line.includes('evict'))).toEqual([]);
    expect(asker.fatal).toEqual([]);
  });

  test('that stops when the lease was just given up to it leaves it to others at once', async () => {
    const { lab, owner } = await labOf();
    const asker = await lab.start('asker');
    await lab.until('owner evict 0');
    await lab.clock.run(asker.stop());
    expect(await lab.untilOwned([owner], 5000)).toBeLessThan(1100);
  });

  test('that stops while it takes the lease from a dead owner makes no other write to that row meanwhile', async () => {
    const { lab, owner } = await labOf();
    owner.process.kill();
    const writing = new Map<string, number>();
    let most = 0;
    const asker = await lab.start('asker', {
      dynamo: {
        ...lab.dynamo,
        updateItem: async (input, options) => {
          const key = input.Key?.leaseKey?.S ?? '';
          const writes = (writing.get(key) ?? 0) + 1;
          most = Math.max(most, writes);
          writing.set(key, writes);
          await sleep(lab.clock, 2000);
          return lab.dynamo.updateItem(input, options).finally(() => writing.delete(key));
        },
      },
    });
    await lab.run(3000);
    expect(lab.rows().filter(({ handoffTo }) => handoffTo === 'asker')).toHaveLength(1);
    for (let ms = 0; ms < FAILOVER + 3000 && writing.size < 1; ms += 10) {
      await lab.run(10);
    }
    await lab.clock.run(asker.stop());
    expect([most, asker.fatal]).toEqual([1, []]);
  });

  test('that loses the race for a lease it was granted takes it from the winner in the same way', async () => {
    const { lab, owner } = await labOf();
    const asker = await lab.start('asker');
    asker.next('take', 'pause before');
    await lab.run(1500);
    const third = await lab.start('third');
    await lab.run(4000);
    expect(lab.ownedBy([owner, third])).toBe(true);
    await asker.process.resume();
    await lab.run(3000);
    expect(asker.fatal).toEqual([]);
    expect(lab.ownedBy([owner, third])).toBe(true);
    expect(lab.violations).toEqual([]);
  });

  test('follows its requests through an outage of the table', async () => {
    const { lab, owner } = await labOf();
    let down = false;
    const asker = await lab.start('asker', {
      dynamo: { ...lab.dynamo, getItem: (...args) => (down ? OUTAGE() : lab.dynamo.getItem(...args)) },
    });
    down = true;
    await lab.run(1500);
    down = false;
    await lab.run(3000);
    expect(asker.shards).toHaveLength(1);
    expect(owner.shards).toHaveLength(1);
    expect(asker.fatal).toEqual([]);
  });
});
