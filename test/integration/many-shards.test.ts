import type { DynamoApi } from '../../src/aws/dynamo-api';
import { ConnectorError } from '../../src/errors';
import { LeaseTable } from '../../src/lease/lease-table';
import { sleep } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { LeaseLab, TABLE } from '../support/lease-lab';

const SHARDS = 10_000;
const PUT_MS = 25;

test('10,000 shards: every page is read, one of two workers creates the rows, and the log says how far it is', async () => {
  const lab = new LeaseLab(SHARDS);
  await lab.clock.advance(60_000);
  const told: unknown[] = [];
  let puts = 0;
  let pages = 0;
  let expired = false;
  const dynamo: DynamoApi = {
    ...lab.dynamo,
    putItem: async (input) => {
      puts++;
      await sleep(lab.clock, PUT_MS);
      await lab.dynamo.putItem(input);
    },
  };
  const start = (name: string) => {
    const worker = lab.worker(name, {
      dynamo,
      initialPosition: { type: 'LATEST' },
      maxLeases: 0,
      scanInterval: 60_000,
      logger: { ...silentLogger, info: (fields, message) => void told.push({ ...fields, message }) },
      kinesis: {
        ...lab.kinesis,
        listShards: async (stream, query) => {
          pages++;
          if (!expired && query.nextToken !== undefined && pages > 3) {
            expired = true;
            throw new ConnectorError('KINESIS_LISTING_EXPIRED', 'the token is too old');
          }
          return lab.kinesis.listShards(stream, query);
        },
      },
    });
    return { worker, started: worker.start() };
  };
  const workers = [start('w1'), start('w2')];
  for (const { started } of workers) {
    await lab.clock.run(started);
  }
  const table = new LeaseTable(TABLE, lab.dynamo);
  const leases = await table.scan(new AbortController().signal);
  expect(leases).toHaveLength(SHARDS);
  expect(new Set(leases.map(({ startAt }) => startAt)).size).toBe(1);
  expect(expired).toBe(true);
  expect(told).toMatchObject([
    { of: SHARDS, message: expect.stringContaining('being created') },
    { of: SHARDS },
  ]);
  // The other one saw rows being added and waited: it pays for one anchor and its own page at most.
  expect(puts).toBeLessThan(SHARDS + 300);
  for (const { worker } of workers) {
    await lab.clock.run(worker.stop());
    expect(worker.fatal).toEqual([]);
  }
}, 60_000);
