import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Version of this package, as its package.json says. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8'));
  return String((manifest as { readonly version?: unknown }).version);
}
