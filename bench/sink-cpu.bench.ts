import type { CannedAddresses, CannedSettings } from './programs/canned-kinesis';
import type { Cost } from './programs/program';
import { startProgram } from './programs/start';
import type { WriterSettings } from './programs/writer-settings';
import type { Figure } from './result';

const SHAPE = { recordBytes: 1024, entries: 500, inFlight: 8, warmUp: 60_000, records: 240_000 };
const SERVICE: CannedSettings = { shards: 4, recordBytes: 1, recordsPerAnswer: 1 };
const WRITERS = [
  { label: 'raw HTTP, ready bodies (floor)', program: 'put-floor' },
  { label: 'AWS SDK, PutRecords', program: 'put-stock-sdk' },
  { label: 'our PutRecords alone', program: 'put-api' },
  { label: 'memory:// through the sink', program: 'sink' },
];

/** CPU seconds that a million records of 1 KiB cost each writer, one after the other against the same canned service. */
export async function run(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const service = startProgram('canned-kinesis', SERVICE);
  try {
    const addresses = await service.hear<CannedAddresses>();
    let floor: number | undefined;
    for (const { label: name, program } of WRITERS) {
      const settings: WriterSettings = { ...addresses, ...SHAPE };
      const child = startProgram(program, settings);
      const cost = await child.hear<Cost>();
      await child.stop('SIGKILL');
      const value = (cost.cpuSeconds / cost.records) * 1e6;
      floor ??= value;
      figures.push({ name, value, unit: 'CPU s per million records', ratio: value / floor });
      figures.push({ name, value: cost.records / cost.seconds, unit: 'records/s' });
    }
  } finally {
    await service.stop('SIGKILL');
  }
  return figures;
}
