const UNITS = ['KiB', 'MiB', 'GiB'];

/** Bytes for people: `512 B`, `1.5 KiB`. */
export function bytesInWords(bytes: number): string {
  if (bytes < 1024) {
    return `${bytes} B`;
  }
  const power = Math.min(UNITS.length, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${value >= 100 ? Math.round(value) : Number(value.toFixed(1))} ${UNITS[power - 1]}`;
}

const STEPS: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
];

/** A span of time for people, in its largest unit: `3 d`, `12 min`. @param ms milliseconds; below 0 is none */
export function spanInWords(ms: number): string {
  const [size, unit] = STEPS.find(([step]) => ms >= step) ?? [1000, 's'];
  return `${Math.max(0, Math.floor(ms / size))} ${unit}`;
}

/** `2026-01-31 12:00:03.123`, in UTC. @param ms milliseconds since the epoch */
export function instantInWords(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}

/** `shardId-000000000003` as `3`: `--shard` takes either. */
export function shardInWords(shardId: string): string {
  const [, number] = /^shardId-0*(\d+)$/.exec(shardId) ?? [];
  return number ?? shardId;
}
