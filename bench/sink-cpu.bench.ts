import type { CannedAddresses, CannedSettings } from './programs/canned-kinesis';
import type { Cost } from './programs/program';
import { startProgram } from './programs/start';
import type { WriterSettings } from './programs/writer-settings';
import type { Figure } from './result';

const SERVICE: CannedSettings = { shards: 4, recordBytes: 1, recordsPerAnswer: 1 };
const SHAPE = { entries: 500, inFlight: 8, warmUp: 60_000, records: 240_000 };
/** The emulator keeps what it is given, and answers more slowly. */
const EMULATED = { ...SHAPE, records: 120_000 };

const FLOOR = { label: 'raw HTTP, ready bodies (floor)', program: 'put-floor' };
const STOCK = { label: 'AWS SDK, PutRecords', program: 'put-stock-sdk' };
const API = { label: 'our PutRecords alone', program: 'put-api' };
const SINK = { label: 'memory:// through the sink', program: 'sink' };
const AGGREGATING = { ...SINK, label: `${SINK.label}, aggregated`, configs: { aggregationEnabled: true } };

interface Writer {
  readonly label: string;
  readonly program: string;
  /** Options of the sink. */
  readonly configs?: { readonly [option: string]: unknown };
}

/** Each begins with its own floor. */
const RUNS = [
  {
    service: 'canned-kinesis',
    of: '1 KiB',
    recordBytes: 1024,
    shape: SHAPE,
    writers: [FLOOR, STOCK, API, SINK],
  },
  {
    service: 'canned-kinesis',
    of: '200 B',
    recordBytes: 200,
    shape: SHAPE,
    writers: [FLOOR, STOCK, SINK, AGGREGATING],
  },
  {
    service: 'emulated-kinesis',
    of: '1 KiB into the emulator',
    recordBytes: 1024,
    shape: EMULATED,
    writers: [FLOOR, STOCK, SINK],
  },
];

/**
 * CPU seconds that a million records cost each writer, one after the other against the same service, which runs in a
 * process of its own: against canned answers, and into the emulator.
 */
export async function run(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { service, of, recordBytes, shape, writers } of RUNS) {
    let floor: number | undefined;
    for (const { label, program, configs = {} } of writers as readonly Writer[]) {
      // A service of its own each: one that keeps records would slow down.
      const cost = await costOf(service, program, { ...shape, recordBytes, configs });
      const name = `${label}, ${of}`;
      const value = (cost.cpuSeconds / cost.records) * 1e6;
      floor ??= value;
      figures.push({ name, value, unit: 'CPU s per million records', ratio: value / floor });
      figures.push({ name, value: cost.records / cost.seconds, unit: 'records/s' });
    }
  }
  return figures;
}

async function costOf(
  service: string,
  program: string,
  shape: Omit<WriterSettings, keyof CannedAddresses>,
): Promise<Cost> {
  const server = startProgram(service, SERVICE);
  try {
    const addresses = await server.hear<CannedAddresses>();
    const settings: WriterSettings = { ...addresses, ...shape };
    const writer = startProgram(program, settings);
    const cost = await writer.hear<Cost>();
    await writer.stop('SIGKILL');
    return cost;
  } finally {
    await server.stop('SIGKILL');
  }
}
