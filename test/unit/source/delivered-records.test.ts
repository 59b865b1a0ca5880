import { DeliveredRecords } from '../../../src/source/delivered-records';

test('one look at the clock serves what is confirmed in one go, and every record counts with its own age', async () => {
  const ages: number[] = [];
  const delivered: number[] = [];
  let looks = 0;
  const clock = { now: () => 1000 + 100 * looks++ };
  const records = new DeliveredRecords(clock, { record: (age) => ages.push(age) }, (n) => delivered.push(n));
  for (const arrival of [400, 700, 1300]) {
    records.add(arrival);
  }
  expect(ages).toEqual([]);
  await Promise.resolve();
  // The clock of Kinesis is ahead of this one: nothing is confirmed before it came.
  expect(ages).toEqual([600, 300, 0]);
  records.add(1000);
  await Promise.resolve();
  expect(ages.slice(3)).toEqual([100]);
  expect([delivered, looks]).toEqual([[3, 1], 2]);
});
