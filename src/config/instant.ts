const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:[.,]\d{1,9})?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/**
 * An instant as Jackson reads a `java.util.Date`: epoch milliseconds (number or digits), or ISO-8601, in UTC when
 * no zone is named.
 * @returns Milliseconds since the epoch; undefined when it is neither.
 */
export function parseInstant(value: string | number): number | undefined {
  if (typeof value === 'number') {
    return value;
  }
  if (/^\d+$/.test(value)) {
    return Number(value);
  }
  const match = ISO.exec(value.trim());
  if (match === null) {
    return undefined;
  }
  const [, date, minutes = '00:00', seconds = ':00', zone = 'Z'] = match;
  const offset = /^[+-]\d{2}$/.test(zone) ? `${zone}:00` : zone.replace(/^([+-]\d{2}):?(\d{2})$/, '$1:$2');
  const time = Date.parse(
    `${date}T${minutes}${seconds.replace(',', '.').slice(0, 7)}${offset.toUpperCase()}`,
  );
  return Number.isNaN(time) || !isRealDate(date) ? undefined : time;
}

/** Date.parse takes 30 February for 1 March. */
function isRealDate(date = ''): boolean {
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
}

const AGE = /^-(\d{1,9})(s|m|h|d)$/;
const MILLISECONDS: { readonly [unit: string]: number } = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * An instant as `parseInstant` reads it, or how long before `now`: `-30s`, `-90m`, `-36h`, `-7d`.
 * @param now milliseconds since the epoch
 * @returns Milliseconds since the epoch; undefined when it is neither.
 */
export function instantFrom(text: string, now: number): number | undefined {
  const [, count, unit = ''] = AGE.exec(text) ?? [];
  return count === undefined ? parseInstant(text) : now - Number(count) * (MILLISECONDS[unit] ?? 0);
}
