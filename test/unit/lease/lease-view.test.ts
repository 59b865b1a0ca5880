import { LeaseView } from '../../../src/lease/lease-view';
import { leaseOf } from '../../support/leases';

const unchangedFor = (view: LeaseView, shardId: string): number | undefined =>
  view.observed().find(({ lease }) => lease.shardId === shardId)?.unchangedFor;

test('a row counts as changed when the scan that saw it ended, and as unchanged until the last scan began', () => {
  const view = new LeaseView();
  view.scanned([leaseOf('s', { owner: 'a', counter: 1 })], 1000, 1400);
  expect(unchangedFor(view, 's')).toBe(0);
  view.scanned([leaseOf('s', { owner: 'a', counter: 1 })], 2000, 9000);
  expect(unchangedFor(view, 's')).toBe(600);
  view.scanned([leaseOf('s', { owner: 'a', counter: 2 })], 10_000, 10_100);
  expect(unchangedFor(view, 's')).toBe(0);
  view.scanned([leaseOf('s', { owner: 'a', counter: 2 })], 11_000, 11_100);
  expect(unchangedFor(view, 's')).toBe(900);
});

test('another owner with the same counter is a change, a new checkpoint alone is none', () => {
  const view = new LeaseView();
  view.scanned([leaseOf('s', { owner: 'a', counter: 1 })], 0, 0);
  view.scanned([leaseOf('s', { owner: 'a', counter: 1, checkpoint: '5' })], 500, 600);
  expect(unchangedFor(view, 's')).toBe(500);
  view.scanned([leaseOf('s', { owner: 'b', counter: 1 })], 1000, 1000);
  expect(unchangedFor(view, 's')).toBe(0);
});

test('an own write stands against a scan that began before it', () => {
  const view = new LeaseView();
  view.scanned([leaseOf('s')], 0, 10);
  view.noted(leaseOf('s', { owner: 'me', counter: 1 }), 1005);
  view.scanned([leaseOf('s')], 1000, 1010);
  expect(view.get('s')).toMatchObject({ owner: 'me', counter: 1 });
  view.scanned([leaseOf('s', { counter: 0, checkpoint: '9' })], 2000, 2010);
  expect(view.get('s')).toMatchObject({ owner: undefined, counter: 0 });
});

test('rows that are gone leave the view, but it remembers that they were there', () => {
  const view = new LeaseView();
  view.scanned([leaseOf('s'), leaseOf('t')], 0, 10);
  view.scanned([leaseOf('t')], 20, 30);
  expect(view.get('s')).toBeUndefined();
  expect(view.hasSeen('s')).toBe(true);
  expect(view.hasSeen('u')).toBe(false);
});

test('the start of the table is its smallest startAt', () => {
  const view = new LeaseView();
  expect(view.startAt()).toBeUndefined();
  view.scanned([leaseOf('s', { startAt: 70 }), leaseOf('t', { startAt: 50 }), leaseOf('u')], 0, 10);
  expect(view.startAt()).toBe(50);
});
