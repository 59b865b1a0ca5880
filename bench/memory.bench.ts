import type { CannedAddresses, CannedSettings } from './programs/canned-kinesis';
import type { SlowProgress, SlowSettings } from './programs/slow-source';
import { startProgram } from './programs/start';
import type { Figure } from './result';

const MIB = 1024 * 1024;
export const RECEIVE_QUEUE_BYTES = 64 * MIB;
/** What a process may keep resident beside its receive queue. */
export const ALLOWANCE_BYTES = 150 * MIB;

/** How long memory is watched once the state that a case is about has been reached. */
const WATCH_MS = 15_000;
/** How long it may take to reach that state. */
const LIMIT_MS = 60_000;

type Slowness = Pick<SlowSettings, 'recordsPerSecond' | 'confirmedPerShard'>;

export interface MemoryCase {
  readonly label: string;
  readonly service: CannedSettings;
  readonly slowness: Slowness;
  /** Whether the state that the case is about has been reached. */
  reached(progress: SlowProgress): boolean;
}

const SHARDS = 200;

export const CASES: readonly MemoryCase[] = [
  {
    label: '1 MiB records at 100 records/s',
    service: { shards: 4, recordBytes: MIB, recordsPerAnswer: 9 },
    slowness: { recordsPerSecond: 100 },
    reached: ({ stored }) => stored > 0,
  },
  {
    // The one record must not keep the others of its answer alive.
    label: '200 B records, one unconfirmed on each of 200 shards',
    service: { shards: SHARDS, recordBytes: 200, recordsPerAnswer: 10_000, recordsPerShard: 5_000 },
    slowness: { confirmedPerShard: 4_999 },
    reached: ({ stalled }) => stalled === SHARDS,
  },
];

/**
 * Largest resident memory of a process that runs `memoryCase`, sampled from its first moment on.
 * @throws when the state that the case is about is not reached in time.
 */
export async function measureMemory({ service, slowness, reached }: MemoryCase): Promise<number> {
  const canned = startProgram('canned-kinesis', service);
  try {
    const addresses = await canned.hear<CannedAddresses>();
    const settings: SlowSettings = {
      ...addresses,
      ...slowness,
      configs: { receiveQueueBytes: RECEIVE_QUEUE_BYTES },
    };
    const reader = startProgram('slow-source', settings);
    try {
      const from = performance.now();
      let reachedAt: number | undefined;
      while (reachedAt === undefined || performance.now() - reachedAt < WATCH_MS) {
        const progress = await reader.hear<SlowProgress>();
        if (reachedAt === undefined && reached(progress)) {
          reachedAt = performance.now();
        }
        if (reachedAt === undefined && performance.now() - from > LIMIT_MS) {
          throw new Error(`not reached in ${LIMIT_MS} ms: ${JSON.stringify(progress)}\n${reader.log}`);
        }
      }
      return reader.peakRss;
    } finally {
      await reader.stop('SIGKILL');
    }
  } finally {
    await canned.stop('SIGKILL');
  }
}

export async function run(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const memoryCase of CASES) {
    const peakBytes = await measureMemory(memoryCase);
    const bound = RECEIVE_QUEUE_BYTES + ALLOWANCE_BYTES;
    const name = `${memoryCase.label} (at most ${bound / MIB})`;
    figures.push({ name, value: peakBytes / MIB, unit: 'MiB resident' });
  }
  return figures;
}
