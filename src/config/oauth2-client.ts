import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jsonFields } from '../util/json-fields';
import { readText } from './named-file';
import type { ProblemList } from './problems';
import { hide } from './secret';
import { get, textAt } from './tree';
import type { OAuth2Client, Secret } from './types';

/** Reports a `privateKey` that cannot be read, or is none. */
export function keyProblem(
  key: string | undefined,
  path: string,
  folder: string,
  problems: ProblemList,
): void {
  if (key === undefined) {
    return;
  }
  try {
    const file = keyFile(key, folder);
    clientOf(file === undefined ? inlineKey(key) : readFileSync(file, 'utf8'));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    problems.add('CONFIG_REFERENCE', path, {
      found: code === undefined ? 'something else' : `no such file (${code})`,
      expected: 'a JSON file with client_id and client_secret',
      hint: 'Name the file that the issuer gave you, as a path or as file:///PATH.',
    });
  }
}

/**
 * Who asks the issuer, from `pulsar.authentication`: a key file, read at every call, or client and secret.
 * @throws ConnectorError CONFIG_UNREADABLE, Error when the file is no key
 */
export function oauth2Client(
  value: unknown,
  folder: string,
  secret: (name: string) => Secret,
): () => Promise<OAuth2Client> {
  const key = textAt(value, 'privateKey');
  if (key === undefined) {
    const client = {
      clientId: String(get(value, 'clientId')),
      clientSecret: secret('clientSecret'),
    };
    return async () => client;
  }
  const file = keyFile(key, folder);
  return async () =>
    clientOf(file === undefined ? inlineKey(secret('privateKey').reveal()) : await readText(file));
}

/** The file that `key` names as a path or `file:` URL; undefined for a `data:` URL. Source: Java `privateKey`. */
function keyFile(key: string, folder: string): string | undefined {
  if (key.startsWith('data:')) {
    return undefined;
  }
  return key.startsWith('file:') ? fileURLToPath(key) : resolve(folder, key);
}

function inlineKey(url: string): string {
  const comma = url.indexOf(',');
  const data = url.slice(comma + 1);
  return url.slice(0, comma).endsWith(';base64')
    ? Buffer.from(data, 'base64').toString()
    : decodeURIComponent(data);
}

/** @throws Error when `text` is no key file. Source: Pulsar `KeyFile`. */
function clientOf(text: string): OAuth2Client {
  // The error of JSON.parse would quote the file.
  const key = jsonFields(text);
  const [clientId, clientSecret] = [textAt(key, 'client_id'), textAt(key, 'client_secret')];
  if (clientId === undefined || clientSecret === undefined) {
    throw new Error('the key file has no client_id or no client_secret');
  }
  return { clientId, clientSecret: hide(clientSecret) };
}
