import type { HttpSettings } from '../../src/config';

/** Any port of this machine, which is nothing to configure. */
export const ANY_PORT: HttpSettings = {
  host: '127.0.0.1',
  port: 0,
  explore: { allowed: true, maxRecords: 100, maxBytes: 1_048_576, timeout: 15_000, maxLooks: 2 },
};
