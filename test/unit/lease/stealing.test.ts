import type { Item } from '../../../src/aws/dynamo-api';
import { sleep } from '../../../src/util/clock';
import { HandoverLab } from '../../support/handover-lab';
import { FAILOVER, TABLE } from '../../support/lease-lab';

/** A worker of the KCL that holds every shard, and renews when the test says so. */
async function fleetOf(shards: number) {
  const lab = new HandoverLab(shards);
  const first = await lab.start('first');
  await lab.clock.run(first.stop());
  const mine = (): string[] =>
    lab.rows().flatMap(({ leaseKey, leaseOwner }) => (leaseOwner === 'java' ? [`${leaseKey}`] : []));
  const write = (shardId: string, update: string, condition: string, values: Item) =>
    lab.dynamo.updateItem({
      TableName: TABLE,
      Key: { leaseKey: { S: shardId } },
      UpdateExpression: update,
      ConditionExpression: condition,
      ExpressionAttributeValues: { ':java': { S: 'java' }, ...values },
    });
  for (const shardId of lab.shardIds()) {
    await write(shardId, 'SET leaseOwner = :java', 'attribute_not_exists(leaseOwner)', {});
  }
  const renew = async (): Promise<void> => {
    for (const shardId of mine()) {
      await write(shardId, 'ADD leaseCounter :one', 'leaseOwner = :java', { ':one': { N: '1' } });
    }
  };
  return { lab, mine, renew };
}

test('a worker of the KCL loses one lease a look to one of ours, as it would to its own kind, until both have the same', async () => {
  const { lab, mine, renew } = await fleetOf(7);
  const ours = await lab.start('ours', { scanInterval: 1000 });
  const counts: number[] = [];
  for (let second = 0; second < 30; second++) {
    await lab.run(100);
    counts.push(mine().length);
    await lab.run(900);
    if (second % 3 === 0) {
      await renew();
    }
  }
  expect(counts.slice(0, 5)).toEqual([6, 5, 4, 4, 4]);
  expect(new Set(counts.slice(3))).toEqual(new Set([4]));
  expect(ours.shards).toHaveLength(3);
  expect(lab.history.filter((line) => line.includes(' ask '))).toEqual([]);
  expect(lab.rows().filter(({ kind }) => kind === 'ours')).toHaveLength(3);
});

test('what a scan showed long ago is read again before it is stolen', async () => {
  const { lab, renew } = await fleetOf(2);
  const ours = await lab.start('ours', {
    scanInterval: 1000,
    dynamo: {
      ...lab.dynamo,
      scan: async (input) => {
        const page = await lab.dynamo.scan(input);
        await sleep(lab.clock, FAILOVER / 6 + 100);
        await renew();
        return page;
      },
    },
  });
  await lab.run(2000);
  expect(ours.shards).toHaveLength(1);
});

test('a dead worker of the KCL is taken over within failoverTime + 3 s, and not before it counts as dead', async () => {
  const { lab, mine, renew } = await fleetOf(2);
  const ours = await lab.start('ours');
  await lab.run(1000);
  await renew();
  const before = lab.clock.monotonic();
  await lab.run(FAILOVER - 100);
  expect(mine()).toHaveLength(1);
  await lab.untilOwned([ours], 5000);
  expect(lab.clock.monotonic() - before).toBeLessThanOrEqual(FAILOVER + 3000);
});
