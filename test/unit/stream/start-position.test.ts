import { extendedSequenceNumber } from '../../../src/stream/extended-sequence-number';
import {
  frozenLatest,
  initialLeases,
  iteratorPosition,
  type LeaseState,
  missingLeases,
  type StartLease,
  type StartPosition,
  startFilter,
} from '../../../src/stream/start-position';
import { KCL_EXAMPLE, shardOf } from '../../support/shards';

const HORIZON = { type: 'TRIM_HORIZON' } as const;
const latest = (startAt: number): StartPosition => ({ type: 'LATEST', startAt });
const timestamp = (at: number): StartPosition => ({ type: 'AT_TIMESTAMP', timestamp: at });
const only = (...wanted: string[]) => KCL_EXAMPLE.filter(({ shardId }) => wanted.includes(shardId));
const places = (leases: readonly StartLease[]): string[] =>
  leases.map(({ shard, checkpoint }) => `${shard.shardId} ${checkpoint.sequenceNumber}`);
const rows = (states: {
  readonly [shardId: string]: 'reading' | 'finished';
}): ReadonlyMap<string, LeaseState> =>
  new Map(Object.entries(states).map(([id, state]) => [id, { finished: state === 'finished' }]));

describe('leases of an empty table', () => {
  it('go to the shards that were open at the start, with the word of the user as checkpoint', () => {
    expect(places(initialLeases(only('4', '8', '9', '10'), latest(300)))).toEqual([
      '4 LATEST',
      '10 LATEST',
      '8 LATEST',
      '9 LATEST',
    ]);
    expect(places(initialLeases(only('0', '1', '2', '3', '4', '5'), HORIZON))).toHaveLength(6);
    expect(places(initialLeases(only('6', '7', '4', '5'), timestamp(200)))).toEqual([
      '4 AT_TIMESTAMP',
      '5 AT_TIMESTAMP',
      '6 AT_TIMESTAMP',
      '7 AT_TIMESTAMP',
    ]);
  });

  it('leave out children that a service lists beside their parents', () => {
    expect(initialLeases(KCL_EXAMPLE, HORIZON).map(({ shard }) => shard.shardId)).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
    ]);
  });

  it('keep the ids of parents that are no longer listed', () => {
    expect(initialLeases(only('8'), latest(300))[0]?.parents).toEqual(['6', '7']);
  });
});

describe('leases missing in a table in use (example of the KCL: shards 0 to 10, leases 4, 5, 7)', () => {
  const leases = rows({ 4: 'reading', 5: 'reading', 7: 'reading' });

  it('are 0 and 1 at TRIM_HORIZON', () => {
    expect(places(missingLeases(KCL_EXAMPLE, leases, HORIZON))).toEqual(['0 TRIM_HORIZON', '1 TRIM_HORIZON']);
  });

  it('are 0 and 1 at an instant when they were open', () => {
    const open = new Set(['0', '1', '2', '3', '4', '5']);
    expect(places(missingLeases(KCL_EXAMPLE, leases, timestamp(101), open))).toEqual([
      '0 AT_TIMESTAMP',
      '1 AT_TIMESTAMP',
    ]);
  });

  it('are 6 when LATEST was frozen while 6 was open', () => {
    const open = new Set(['6', '7', '4', '5']);
    expect(places(missingLeases(KCL_EXAMPLE, leases, latest(150), open))).toEqual(['6 LATEST']);
  });

  it('are none below leases that are still read: their children come when they end', () => {
    const all = rows({ 4: 'reading', 5: 'reading', 6: 'reading', 7: 'reading' });
    expect(missingLeases(KCL_EXAMPLE, all, HORIZON)).toEqual([]);
  });

  it('are the children at TRIM_HORIZON when every parent is finished and they are not there', () => {
    const ended = rows({ 4: 'reading', 5: 'finished', 6: 'finished', 7: 'finished' });
    expect(places(missingLeases(KCL_EXAMPLE, ended, latest(150)))).toEqual([
      '10 TRIM_HORIZON',
      '9 TRIM_HORIZON',
      '8 TRIM_HORIZON',
    ]);
  });

  it('wait for the other parent of a merge', () => {
    const half = rows({ 4: 'reading', 5: 'reading', 6: 'finished', 7: 'reading' });
    expect(missingLeases(KCL_EXAMPLE, half, HORIZON)).toEqual([]);
  });

  it('count a finished parent whose shard is no longer listed', () => {
    const leased = rows({ 6: 'finished', 7: 'finished' });
    expect(places(missingLeases(only('8'), leased, latest(150)))).toEqual(['8 TRIM_HORIZON']);
  });

  it('are all open shards when the table lost every row', () => {
    const open = new Set(['4', '8', '9', '10']);
    expect(places(missingLeases(KCL_EXAMPLE, new Map(), latest(300), open))).toEqual([
      '4 LATEST',
      '10 LATEST',
      '9 LATEST',
      '8 LATEST',
    ]);
  });
});

describe('LATEST, frozen', () => {
  it('never lies before the stream, though the Date header has whole seconds', () => {
    expect(frozenLatest(1_000_000, 1_000_700)).toEqual({ type: 'LATEST', startAt: 1_000_700 });
    expect(frozenLatest(2_000_000, 1_000_700)).toEqual({ type: 'LATEST', startAt: 2_000_000 });
  });

  it('lists the shards of its instant, not of now', () => {
    expect(startFilter(latest(500), 100)).toEqual({ type: 'AT_TIMESTAMP', timestamp: 500 });
  });

  it('means the horizon itself when nothing older is listed', () => {
    expect(startFilter(timestamp(100), 100)).toEqual({ type: 'AT_TRIM_HORIZON' });
    expect(startFilter(HORIZON, 100)).toEqual({ type: 'AT_TRIM_HORIZON' });
  });
});

describe('iteratorPosition', () => {
  const at = (checkpoint: string, sub = 0) => iteratorPosition(extendedSequenceNumber(checkpoint, sub), 5);

  it('starts AT a numeric checkpoint, so that the rest of an aggregate is read again', () => {
    expect(at('123', 2)).toEqual({ type: 'AT_SEQUENCE_NUMBER', sequenceNumber: '123' });
  });

  it('never asks for LATEST', () => {
    expect(at('LATEST')).toEqual({ type: 'AT_TIMESTAMP', timestamp: 5 });
    expect(at('AT_TIMESTAMP')).toEqual({ type: 'AT_TIMESTAMP', timestamp: 5 });
    expect(at('TRIM_HORIZON')).toEqual({ type: 'TRIM_HORIZON' });
  });

  it('reads everything when nobody knows the instant of AT_TIMESTAMP', () => {
    expect(iteratorPosition(extendedSequenceNumber('AT_TIMESTAMP'), undefined)).toEqual({
      type: 'TRIM_HORIZON',
    });
  });

  it.each(['LATEST', 'SHARD_END'])('refuses %s without an instant to stand on', (checkpoint) => {
    expect(() => iteratorPosition(extendedSequenceNumber(checkpoint), undefined)).toThrow(
      expect.objectContaining({ code: 'ILLEGAL_STATE' }),
    );
  });
});

it('a shard that is nobody’s child is a start of its own', () => {
  expect(places(missingLeases([shardOf('x')], new Map(), HORIZON))).toEqual(['x TRIM_HORIZON']);
});
