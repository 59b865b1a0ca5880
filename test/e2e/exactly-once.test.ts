import { seededRandom } from '../../src/util/random';
import { runExactlyOnce } from '../chaos/exactly-once';
import { ONCE_VARIANTS } from '../chaos/once-variant';
import { faultless } from '../support/delivery-check';

jest.setTimeout(300_000);

const RECORDS = 20_000;
const BLOWS = {
  'kill -9 of the connector': 3,
  'pause of the connector until its leases are lost': 1,
  'kill -9 and restart of the broker': 1,
  'topic unload': 1,
};

test('20,000 records are in four partitions exactly once and in order, whoever is killed meanwhile', async () => {
  const { report, fallen, tookMs } = await runExactlyOnce({
    variant: ONCE_VARIANTS.partitioned,
    records: RECORDS,
    blows: BLOWS,
    random: seededRandom(8),
  });
  expect(report).toEqual({ ...faultless(RECORDS), arrived: RECORDS, duplicated: [] });
  expect(fallen.map(({ blow }) => blow).sort()).toEqual(
    Object.entries(BLOWS)
      .flatMap(([blow, times]) => Array(times).fill(blow))
      .sort(),
  );
  console.info(`exactly once: ${fallen.length} blows, ${Math.round(tookMs / 1000)} s`);
});
