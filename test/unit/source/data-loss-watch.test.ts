import type { RetrievalBatch } from '../../../src/retrieval/retrieval';
import { coveredTo, type Gap } from '../../../src/source/data-loss';
import { DataLossWatch, type DataLossWatchOptions } from '../../../src/source/data-loss-watch';
import {
  type ExtendedSequenceNumber,
  extendedSequenceNumber,
} from '../../../src/stream/extended-sequence-number';
import { leaseOf } from '../../support/leases';
import { ManualClock } from '../../support/manual-clock';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const forever = new AbortController().signal;

type Answer = Partial<RetrievalBatch> & { readonly from?: number; readonly to?: number };

/** One shard that is read from `start` on; records are numbered, one arrives an hour. */
function lab(start: string, options: Partial<DataLossWatchOptions> = {}) {
  const clock = new ManualClock(0);
  const gaps: Gap[] = [];
  let position: ExtendedSequenceNumber = extendedSequenceNumber(start);
  let asked = 0;
  let retention = DAY;
  const watch = new DataLossWatch({
    coveredTo: undefined,
    asConfigured: false,
    unbegun: false,
    horizon: {
      look: async () => {
        asked++;
        return { now: clock.now(), ms: retention };
      },
    },
    leastRetention: DAY,
    clock,
    position: () => position,
    onGap: (gap) => gaps.push(gap),
    ...options,
  });
  watch.opened(position);
  return {
    clock,
    gaps,
    keep: (ms: number) => {
      retention = ms;
    },
    get asked() {
      return asked;
    },
    /** Opens another reader AT the last record. */
    reopen: () => watch.opened(position),
    /** Whether the answer was taken: records `from` to `to`, the tip of the shard unless it says otherwise. */
    async answer({ from = 1, to = 0, ...more }: Answer): Promise<boolean> {
      const records = Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => ({
        data: new Uint8Array(),
        partitionKey: 'k',
        sequenceNumber: String(from + n),
        approximateArrival: (from + n) * HOUR,
        encryptionType: 'NONE' as const,
      }));
      const batch = { millisBehindLatest: 0, serviceTime: clock.now(), end: undefined, ...more, records };
      const taken = await watch.admits(batch, clock.monotonic(), forever);
      const last = records.at(-1);
      if (taken) {
        watch.queued();
      }
      if (taken && last !== undefined) {
        position = extendedSequenceNumber(last.sequenceNumber);
      }
      return taken;
    },
  };
}

describe('a checkpoint', () => {
  it('whose record comes first lacks nothing, and nobody asks for the retention', async () => {
    const { clock, answer, gaps, ...rest } = lab('5', { coveredTo: 0 });
    await clock.advance(30 * DAY);
    expect(await answer({ from: 5, to: 9 })).toBe(true);
    expect([gaps, rest.asked]).toEqual([[], 0]);
  });

  it('is judged only once a record or the tip shows that its own is gone', async () => {
    const { clock, answer, gaps } = lab('5', { coveredTo: 0 });
    await clock.advance(2 * DAY);
    await answer({ millisBehindLatest: 5000 });
    expect(gaps).toEqual([]);
    await answer({ from: 7, to: 8 });
    expect(gaps).toEqual([
      {
        reason: 'TRIMMED',
        from: extendedSequenceNumber('5'),
        coveredTo: 0,
        keptSince: DAY,
        to: expect.objectContaining({ sequenceNumber: '7' }),
      },
    ]);
    await answer({ from: 9, to: 9 });
    expect(gaps).toHaveLength(1);
  });

  it.each([
    ['at the tip', { millisBehindLatest: 0 }],
    ['at the end of the shard', { millisBehindLatest: undefined, end: { childShards: [] } }],
    ['when the shard is gone', { millisBehindLatest: undefined, end: { childShards: [], vanished: true } }],
  ])('is judged %s too', async (_place, answer) => {
    const late = lab('5', { coveredTo: 0 });
    await late.clock.advance(2 * DAY);
    await late.answer(answer);
    expect(late.gaps).toHaveLength(1);
    const inTime = lab('5', { coveredTo: 1.5 * DAY });
    await inTime.clock.advance(2 * DAY);
    await inTime.answer(answer);
    expect(inTime.gaps).toEqual([]);
  });

  it('is judged by the retention that the stream has now', async () => {
    const { clock, answer, gaps, keep } = lab('5', { coveredTo: 0 });
    keep(3 * DAY);
    await clock.advance(2 * DAY);
    await answer({ from: 7, to: 8 });
    expect(gaps).toEqual([]);
  });
});

describe('reading that falls behind the retention', () => {
  it('is read again AT the last record; when that is there nothing is missing', async () => {
    const { clock, answer, gaps, reopen } = lab('TRIM_HORIZON');
    await answer({ from: 1, to: 2, millisBehindLatest: HOUR });
    await clock.advance(DAY);
    expect(await answer({ from: 7, to: 8 })).toBe(false);
    reopen();
    expect(await answer({ from: 2, to: 8 })).toBe(true);
    expect(gaps).toEqual([]);
  });

  it('is reported when the last record is gone', async () => {
    const { clock, answer, gaps, reopen } = lab('TRIM_HORIZON');
    await answer({ from: 1, to: 2, millisBehindLatest: HOUR });
    await clock.advance(DAY);
    expect(await answer({ from: 7, to: 8 })).toBe(false);
    reopen();
    expect(await answer({ from: 7, to: 8 })).toBe(true);
    expect(gaps).toEqual([expect.objectContaining({ reason: 'TRIMMED', coveredTo: -HOUR, keptSince: 0 })]);
  });

  it('at TRIM_HORIZON, before it has got away from there, is a matter of the start', async () => {
    const { clock, answer, gaps, reopen } = lab('TRIM_HORIZON');
    await answer({ millisBehindLatest: DAY + 1000 });
    await clock.advance(1000);
    expect(await answer({ from: 1, to: 1, millisBehindLatest: DAY - 1000 })).toBe(true);
    await clock.advance(2000);
    expect(await answer({ from: 2, to: 2, millisBehindLatest: DAY - 1000 })).toBe(false);
    reopen();
    expect(await answer({ from: 2, to: 2, millisBehindLatest: DAY - 1000 })).toBe(true);
    expect(gaps).toEqual([expect.objectContaining({ reason: 'START' })]);
  });

  it('is never suspected while the shard is quiet and read to its tip, however long', async () => {
    const shard = lab('5', { coveredTo: 0 });
    for (let day = 0; day < 10; day++) {
      await shard.clock.advance(DAY - 1000);
      await shard.answer({ from: 5, to: day === 0 ? 5 : 4 });
    }
    expect([shard.gaps, shard.asked]).toEqual([[], 0]);
  });
});

describe('until when a shard was read, as its row tells', () => {
  const at = (checkpoint: string, more: object = {}) => ({ ...leaseOf('s', { checkpoint }), ...more });

  it.each([
    ['a checkpoint: when everything was read', at('5', { caughtUpAt: 7 }), [], 7],
    ['a checkpoint of a KCL worker: nobody knows', at('5'), [], undefined],
    ['LATEST: the instant at which it was frozen', at('LATEST', { startAt: 3 }), [], 3],
    ['LATEST on a quiet shard: when it was read last', at('LATEST', { startAt: 3, caughtUpAt: 9 }), [], 9],
    ['TRIM_HORIZON: nothing was promised', at('TRIM_HORIZON'), [], undefined],
    [
      'a child: the end of the first parent that ended',
      at('TRIM_HORIZON'),
      [at('SHARD_END', { caughtUpAt: 8 }), at('SHARD_END', { caughtUpAt: 6 })],
      6,
    ],
    [
      'a child that was set back to its oldest record: nothing',
      at('TRIM_HORIZON', { readFrom: 0 }),
      [at('SHARD_END', { caughtUpAt: 8 })],
      undefined,
    ],
    ['a shard that was set back to an instant: that', at('AT_TIMESTAMP', { startAt: 9, readFrom: 4 }), [], 4],
    [
      'a child of a parent that is not finished: nothing',
      at('TRIM_HORIZON'),
      [at('5', { caughtUpAt: 8 })],
      undefined,
    ],
  ])('%s', (_what, lease, parents, expected) => {
    expect(coveredTo(lease, parents)).toBe(expected);
  });
});
