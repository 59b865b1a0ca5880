import type { CannedAddresses } from './programs/canned-kinesis';
import type { FedSettings } from './programs/fed-kinesis';
import type { Stamp } from './programs/feed';
import type { Latencies, LatencySettings } from './programs/latency-source';
import { machineMillis } from './programs/machine-clock';
import { startProgram } from './programs/start';
import type { Figure } from './result';

const SHARDS = 4;
const RECORDS_PER_SECOND = 100;
const WARM_UP = 5 * RECORDS_PER_SECOND;
const MEASURED = 25 * RECORDS_PER_SECOND;

interface Case {
  readonly label: string;
  readonly opening: FedSettings['opening'];
  readonly configs: LatencySettings['configs'];
  /** Milliseconds that a record waits to be asked for, at most. */
  readonly wait?: number;
}

const CASES: readonly Case[] = [
  {
    label: 'polling, 4 reads a second',
    opening: 'GetShardIterator',
    configs: { useEnhancedFanOut: false, maxReadsPerSecondPerShard: 4 },
    wait: 250,
  },
  fanOut('HTTP/1.1', 'http1'),
  fanOut('HTTP/2', 'http2'),
];

function fanOut(label: string, subscribeProtocol: 'http1' | 'http2'): Case {
  return {
    label: `fan-out, ${label}`,
    opening: 'SubscribeToShard',
    configs: { useEnhancedFanOut: true, aws: { subscribeProtocol } },
  };
}

/**
 * From put to arrival in a topic in memory, 100 records a second of 1 KiB over 4 shards. The emulator, which puts them
 * too, and the source are processes of their own on one machine: no network, and none of the time that Kinesis itself
 * takes. The floor is the way of the same stamps through a pipe to a third process, which does nothing else: what
 * this machine takes to wake somebody up.
 */
export async function run(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { label, wait, ...one } of CASES) {
    const { latencies, floor } = await measure(one);
    for (const [name, part] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const value = quantile(latencies, part);
      const beside = wait === undefined ? { ratio: value / quantile(floor, part) } : { bound: wait };
      figures.push({ name: `${label}: ${name}`, value, unit: 'ms', ...beside });
      figures.push({ name: `  its floor: ${name}`, value: quantile(floor, part), unit: 'ms' });
    }
  }
  return figures;
}

async function measure({ opening, configs }: Omit<Case, 'label' | 'wait'>) {
  const fed: FedSettings = {
    shards: SHARDS,
    recordsPerSecond: RECORDS_PER_SECOND,
    recordBytes: 1024,
    records: WARM_UP + MEASURED,
    opening,
    saysStamps: true,
  };
  const kinesis = startProgram('fed-kinesis', fed);
  try {
    const addresses = await kinesis.hear<CannedAddresses>();
    const settings: LatencySettings = { ...addresses, configs, warmUp: WARM_UP, records: MEASURED };
    const source = startProgram('latency-source', settings);
    const floor: number[] = [];
    const listen = async (): Promise<never> => {
      for (;;) {
        const { putAt } = await kinesis.hear<Stamp>();
        floor.push(machineMillis() - putAt);
      }
    };
    // It ends with the program.
    listen().catch(() => undefined);
    try {
      return { latencies: await source.hear<Latencies>(), floor: floor.slice(WARM_UP) };
    } finally {
      await source.stop('SIGKILL');
    }
  } finally {
    await kinesis.stop('SIGKILL');
  }
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
