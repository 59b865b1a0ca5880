/** Iterators and page tokens: opaque to the caller, and good for five minutes. Source: Kinesis API. */
export const TOKEN_LIFE_MS = 300_000;

const VERSION = 1;

/** `issuedAt` in milliseconds since the epoch. */
export function writeToken(issuedAt: number, parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([VERSION, issuedAt, ...parts])).toString('base64');
}

/** Undefined when `token` was not written here. */
export function readToken(token: string): { issuedAt: number; parts: unknown[] } | undefined {
  const text = Buffer.from(token, 'base64').toString();
  if (!text.startsWith(`[${VERSION},`)) {
    return undefined;
  }
  try {
    const [, issuedAt, ...parts] = JSON.parse(text) as unknown[];
    return typeof issuedAt === 'number' ? { issuedAt, parts } : undefined;
  } catch {
    return undefined;
  }
}

/** An instant as the service writes it into messages, for example `Thu Jan 22 01:22:02 UTC 2015`. */
export function serviceDate(ms: number): string {
  const [day, date, month, year, time] = new Date(ms).toUTCString().replace(',', '').split(' ');
  return `${day} ${month} ${date} ${time} UTC ${year}`;
}
