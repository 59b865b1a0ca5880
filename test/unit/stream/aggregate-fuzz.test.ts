import { fuzzAggregate, type Tally } from '../../fuzz/aggregate';

it('no bytes break it: a frame is unpacked, anything else is what it is', () => {
  const tally: Tally = { unpacked: 0, raw: 0, subRecords: 0 };
  for (let seed = 1; seed <= 1500; seed++) {
    fuzzAggregate(seed, tally);
  }
  expect(tally.unpacked).toBeGreaterThan(300);
  expect(tally.raw).toBeGreaterThan(300);
});
