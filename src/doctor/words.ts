/** `1 shard`, `4 shards`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `2 h`, `3 min`, `12 s`, `40 ms`: one figure, rounded. */
export function duration(ms: number): string {
  const units = [
    [24 * 3_600_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
  ] as const;
  const [size, unit] = units.find(([from]) => ms >= from * 2) ?? [1, 'ms'];
  return `${Math.round(ms / size)} ${unit}`;
}

/** At most `most` of `names`, and how many more there are. */
export function some(names: readonly string[], most = 3): string {
  const more = names.length - most;
  return names.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
