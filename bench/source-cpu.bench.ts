import type { CannedAddresses, CannedSettings } from './programs/canned-kinesis';
import type { Cost } from './programs/program';
import type { ReaderSettings } from './programs/reader-settings';
import { startProgram } from './programs/start';
import type { Figure } from './result';

const SHAPES = [
  { label: '1 KiB', recordBytes: 1024, warmUp: 80_000, records: 320_000 },
  { label: '200 B', recordBytes: 200, warmUp: 160_000, records: 640_000 },
];
const READERS = [
  { label: 'raw HTTP and JSON (floor)', program: 'floor', protocol: 'json' },
  { label: 'AWS SDK, decode only', program: 'stock-sdk', protocol: 'json' },
  { label: 'source into memory://, JSON', program: 'source', protocol: 'json' },
  { label: 'source into memory://, CBOR', program: 'source', protocol: 'cbor' },
] as const;
const SHARDS = 4;
const RECORDS_PER_ANSWER = 10_000;

/** CPU seconds that a million records cost each reader, one after the other against the same canned service. */
export async function run(): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const { label, recordBytes, warmUp, records } of SHAPES) {
    const canned: CannedSettings = { shards: SHARDS, recordBytes, recordsPerAnswer: RECORDS_PER_ANSWER };
    const service = startProgram('canned-kinesis', canned);
    try {
      const addresses = await service.hear<CannedAddresses>();
      let floor: number | undefined;
      for (const reader of READERS) {
        const settings: ReaderSettings = {
          ...addresses,
          shards: SHARDS,
          recordsPerAnswer: RECORDS_PER_ANSWER,
          protocol: reader.protocol,
          warmUp,
          records,
        };
        const child = startProgram(reader.program, settings);
        const cost = await child.hear<Cost>();
        await child.stop('SIGKILL');
        const value = (cost.cpuSeconds / cost.records) * 1e6;
        floor ??= value;
        figures.push({
          name: `${label}: ${reader.label}`,
          value,
          unit: 'CPU s per million records',
          ratio: value / floor,
        });
        figures.push({
          name: `${label}: ${reader.label}`,
          value: cost.records / cost.seconds,
          unit: 'records/s',
        });
      }
    } finally {
      await service.stop('SIGKILL');
    }
  }
  return figures;
}
