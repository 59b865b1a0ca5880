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
