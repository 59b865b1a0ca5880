import type { Item } from '../../../src/aws/dynamo-api';
import { LeaseTable } from '../../../src/lease/lease-table';
import { createTableInput } from '../../../src/lease/table-definition';
import { DEFAULT_TABLE } from '../../support/lease-defaults';
import { ManualClock } from '../../support/manual-clock';
import { modelDynamo } from '../../support/model-dynamo';

const never = new AbortController().signal;
const ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';
const ROW: Item = { leaseKey: { S: 's' }, leaseCounter: { N: '0' }, checkpoint: { S: 'LATEST' } };

async function tableWith(...rows: Item[]): Promise<LeaseTable> {
  const dynamo = modelDynamo(new ManualClock());
  await dynamo.createTable(createTableInput('app', DEFAULT_TABLE));
  for (const Item of rows) {
    await dynamo.putItem({ TableName: 'app', Item });
  }
  const table = new LeaseTable('app', dynamo);
  table.belongsTo(ARN);
  return table;
}

describe('a lease table with a row', () => {
  test.each<[string, Item, string]>([
    ['of another stream', { streamArn: { S: `${ARN}-2` } }, 'LEASE_TABLE_OTHER_STREAM'],
    [
      'of another account',
      { streamArn: { S: ARN.replace('000000000000', '111111111111') } },
      'LEASE_TABLE_OTHER_STREAM',
    ],
    [
      'of a multi-stream application on another stream',
      { streamName: { S: '000000000000:payments:1767225600' } },
      'LEASE_TABLE_OTHER_STREAM',
    ],
    [
      'of a multi-stream application on this stream',
      {
        leaseKey: { S: '000000000000:orders:1767225600:s' },
        streamName: { S: '000000000000:orders:1767225600' },
      },
      'LEASE_TABLE_MULTI_STREAM',
    ],
  ])('%s is refused, whichever way the row is read', async (_, fields, code) => {
    const row = { ...ROW, ...fields };
    const table = await tableWith(row);
    const refused = { code, treatment: 'fatal', found: expect.stringContaining(row.leaseKey?.S ?? '') };
    await expect(table.scan(never)).rejects.toMatchObject(refused);
    await expect(table.get(row.leaseKey?.S ?? '', never)).rejects.toMatchObject(refused);
  });

  test.each<[string, Item]>([
    ['of this stream', { streamArn: { S: ARN } }],
    ['that names no stream, as Java writes it', {}],
  ])('%s is read', async (_, fields) => {
    const table = await tableWith({ ...ROW, ...fields });
    expect(await table.scan(never)).toMatchObject([{ shardId: 's' }]);
  });

  test('that is no lease is passed over, whatever stream it names', async () => {
    const stream = { ...ROW, entityType: { S: 'STREAM' }, streamName: { S: '000000000000:payments:1' } };
    const table = await tableWith(stream, { leaseKey: { S: 'Leader' }, ownerName: { S: 'w1' } });
    expect(await table.scan(never)).toEqual([]);
    expect(await table.get('Leader', never)).toBeUndefined();
  });
});
