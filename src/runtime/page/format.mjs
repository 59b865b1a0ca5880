/** Figures as people read them. Every function is pure. */

const SHORT = new Intl.NumberFormat('en', { maximumFractionDigits: 1, notation: 'compact' });
const PLAIN = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** What stands where a figure is unknown. */
export const UNKNOWN = '–';

/** `12,345`; from a million on `1.2M`. @param {number | undefined} count */
export function formatCount(count) {
  if (count === undefined) {
    return UNKNOWN;
  }
  return count < 1_000_000 ? PLAIN.format(count) : SHORT.format(count);
}

/** `0.4`, `37`, `1,234`, `1.2M`. @param {number | undefined} perSecond */
export function formatRate(perSecond) {
  if (perSecond === undefined) {
    return UNKNOWN;
  }
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : formatCount(Math.round(perSecond));
}

/** `512 B`, `1.5 MiB`. @param {number | undefined} bytes */
export function formatBytes(bytes) {
  if (bytes === undefined) {
    return UNKNOWN;
  }
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `0 s`, `850 ms`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. @param {number | undefined} ms */
export function formatDuration(ms) {
  if (ms === undefined) {
    return UNKNOWN;
  }
  if (ms < 1000) {
    return ms <= 0 ? '0 s' : `${Math.round(ms)} ms`;
  }
  const seconds = Math.floor(ms / 1000);
  const pairs = /** @type {const} */ ([
    [86_400, 'd', 3600, 'h'],
    [3600, 'h', 60, 'min'],
    [60, 'min', 1, 's'],
  ]);
  for (const [large, largeName, small, smallName] of pairs) {
    if (seconds >= large) {
      const rest = Math.floor((seconds % large) / small);
      return `${Math.floor(seconds / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
    }
  }
  return `${seconds} s`;
}

/** `5 s ago`. @param {number | undefined} at milliseconds since the epoch @param {number} now */
export function formatAgo(at, now) {
  return at === undefined || at === 0 ? UNKNOWN : `${formatDuration(Math.max(0, now - at))} ago`;
}

/** Local date and time to the second. @param {number} at milliseconds since the epoch */
export function formatTime(at) {
  const date = new Date(at);
  const two = (/** @type {number} */ part) => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `1 shard`, `2 shards`. @param {number} count @param {string} noun */
export function formatNumberOf(count, noun) {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** The start and the end of a long number. @param {string} text */
export function shortened(text) {
  return text.length <= 20 ? text : `${text.slice(0, 6)}…${text.slice(-8)}`;
}
