import { SHARD_WRITE_LIMITS } from '../src/emulator';
import { type HotKeySettings, KEY_BYTES } from './programs/hot-key-settings';
import type { LimitedAddress, LimitedCounts, LimitedSettings } from './programs/limited-kinesis';
import { startProgram } from './programs/start';
import type { Figure } from './result';

const MIB = 1024 * 1024;
const SHARDS = 4;
/** Milliseconds that a request takes: about what PutRecords of AWS does within a region. */
const LATENCY_MS = 10;
/** Of a cold shard's limit, what it is offered. */
const OFFERED = 1.25;
/** Until the budgets that shards save up are spent and the rates are found. */
const WARM_UP_MS = 7_000;
const MEASURE_MS = 10_000;

/** What the topic offers beyond the limits must fit for the time of a run. */
const ROOMY = { maxPendingRecords: 200_000, maxPendingBytes: 256 * MIB };

interface Case {
  readonly label: string;
  readonly recordBytes: number;
  readonly configs: HotKeySettings['configs'];
}

const CASES: readonly Case[] = [
  { label: '200 B, any order', recordBytes: 200, configs: { ...ROOMY, retainOrdering: false } },
  { label: '200 B, retainOrdering', recordBytes: 200, configs: { ...ROOMY, retainOrdering: true } },
  { label: '2 KiB, any order', recordBytes: 2048, configs: { ...ROOMY, retainOrdering: false } },
  { label: '2 KiB, retainOrdering', recordBytes: 2048, configs: { ...ROOMY, retainOrdering: true } },
  { label: '200 B, any order, default bounds', recordBytes: 200, configs: { retainOrdering: false } },
];

/**
 * What reaches 4 shards with the write limits of AWS when one key has half of the traffic, alone on its shard, and
 * the other shards are offered a little more than they take: 375 % of its limit for the hot shard, 125 % for the cold.
 *
 * A topic is read in its order. What the hot key has too much piles up in the sink, so that the bounds of a sink
 * decide how long a hot key may go on before the others wait for it too: from then on every shard gets its part of
 * the traffic, no faster than the hot key is stored. The first cases are a surge that fits the bounds; the last is
 * what follows once the default bounds are full. With retainOrdering one record of a key is under way at a time: the
 * hot key gets one a request, whatever its shard takes.
 */
export async function run(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const one of CASES) {
    figures.push(...(await measure(one)));
  }
  return figures;
}

async function measure({ label, recordBytes, configs }: Case): Promise<Figure[]> {
  const { recordsPerSecond, bytesPerSecond } = SHARD_WRITE_LIMITS;
  const limit = Math.min(recordsPerSecond, bytesPerSecond / (recordBytes + KEY_BYTES));
  const settings: LimitedSettings = { shards: SHARDS, latencyMs: LATENCY_MS };
  const service = startProgram('limited-kinesis', settings);
  try {
    const { kinesis } = await service.hear<LimitedAddress>();
    const traffic: HotKeySettings = {
      kinesis,
      shards: SHARDS,
      recordBytes,
      recordsPerSecond: limit * OFFERED,
      configs,
    };
    const writer = startProgram('hot-key', traffic);
    try {
      const hear = (): Promise<LimitedCounts> => service.hear<LimitedCounts>();
      let from = await hear();
      while (from.requests === 0) {
        from = await hear();
      }
      for (const { at } = from; from.at < at + WARM_UP_MS; ) {
        from = await hear();
      }
      let to = from;
      while (to.at < from.at + MEASURE_MS) {
        to = await hear();
      }
      return figuresOf(label, limit, from, to);
    } finally {
      await writer.stop('SIGKILL');
      process.stderr.write(writer.log);
    }
  } finally {
    await service.stop('SIGKILL');
  }
}

function figuresOf(label: string, limit: number, from: LimitedCounts, to: LimitedCounts): Figure[] {
  const seconds = (to.at - from.at) / 1000;
  const rates = to.accepted.map((count, shard) => (count - (from.accepted[shard] ?? 0)) / seconds);
  const [hot = 0, ...cold] = rates;
  const total = hot + cold.reduce((sum, rate) => sum + rate, 0);
  const refused = to.refused - from.refused;
  const perSecond = (name: string, value: number, bound: number): Figure => ({
    name: `${label}: ${name}`,
    value,
    unit: 'records/s',
    bound,
  });
  return [
    perSecond('all shards', total, SHARDS * limit),
    perSecond('hot shard', hot, limit),
    perSecond('slowest cold shard', Math.min(...cold), limit),
    { name: `${label}: requests`, value: (to.requests - from.requests) / seconds, unit: 'requests/s' },
    { name: `${label}: refused`, value: (100 * refused) / (refused + total * seconds), unit: '% of entries' },
  ];
}
