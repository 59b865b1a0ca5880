import { LeaseView } from '../../../src/lease/lease-view';
import { TableView } from '../../../src/lease/table-view';
import { leaseOf } from '../../support/leases';

const ORDERS = '1:orders:7';
const REFUNDS = '1:refunds:7';

function views() {
  const table = new TableView();
  const orders = new LeaseView();
  const refunds = new LeaseView();
  table.add(ORDERS, orders);
  table.add(REFUNDS, refunds);
  return { table, orders, refunds };
}

test('each stream has its own rows, also where shards of two streams have one id', () => {
  const { table, orders, refunds } = views();
  table.scanned(
    [
      leaseOf('s', { stream: ORDERS, counter: 1, startAt: 5 }),
      leaseOf('s', { stream: REFUNDS, counter: 2 }),
      leaseOf('t', { stream: REFUNDS }),
    ],
    0,
    1,
  );
  expect(orders.leases()).toMatchObject([{ shardId: 's', counter: 1 }]);
  expect(refunds.get('s')).toMatchObject({ counter: 2 });
  expect([orders.startAt(), refunds.startAt()]).toEqual([5, undefined]);
  expect(table.leases().map(({ key }) => key)).toEqual(['1:orders:7:s', '1:refunds:7:s', '1:refunds:7:t']);
  table.noted(leaseOf('s', { stream: REFUNDS, counter: 3 }), 2);
  expect(orders.get('s')).toMatchObject({ counter: 1 });
  expect(refunds.get('s')).toMatchObject({ counter: 3 });
});

test('a stream whose rows have all gone is seen to be empty', () => {
  const { table, orders, refunds } = views();
  table.scanned([leaseOf('s', { stream: ORDERS }), leaseOf('s', { stream: REFUNDS })], 0, 1);
  table.scanned([leaseOf('s', { stream: REFUNDS })], 2, 3);
  expect([orders.isEmpty, refunds.isEmpty]).toEqual([true, false]);
});

test('rows of streams that are not read are counted, and no part of the table', () => {
  const { table } = views();
  const other = [leaseOf('s', { stream: '1:other:7' }), leaseOf('t', { stream: '1:other:7' })];
  table.scanned([...other, leaseOf('s', { stream: ORDERS })], 0, 1);
  expect([...table.unread]).toEqual([['1:other:7', 2]]);
  expect(table.leases()).toHaveLength(1);
  table.noted(leaseOf('s', { stream: '1:other:7' }), 2);
  expect(table.observed()).toHaveLength(1);
});
