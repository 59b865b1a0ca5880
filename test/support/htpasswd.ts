import { createHash } from 'node:crypto';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A line of a password file, as Pulsar's basic authentication reads it (Apache's variant of MD5-crypt). */
export function htpasswdLine(user: string, password: string, salt: string): string {
  return `${user}:$apr1$${salt}$${apr1(Buffer.from(password), Buffer.from(salt))}`;
}

function apr1(password: Buffer, salt: Buffer): string {
  const inner = md5(password, salt, password);
  const parts = [password, Buffer.from('$apr1$'), salt];
  for (let left = password.length; left > 0; left -= 16) {
    parts.push(inner.subarray(0, Math.min(16, left)));
  }
  for (let bits = password.length; bits > 0; bits >>= 1) {
    parts.push((bits & 1) === 1 ? Buffer.of(0) : password.subarray(0, 1));
  }
  let hash = md5(...parts);
  for (let round = 0; round < 1000; round++) {
    const odd = (round & 1) === 1;
    hash = md5(
      odd ? password : hash,
      ...(round % 3 === 0 ? [] : [salt]),
      ...(round % 7 === 0 ? [] : [password]),
      odd ? hash : password,
    );
  }
  const triples = [0, 1, 2, 3, 4].map((i) => encode(hash, [i, i + 6, i === 4 ? 5 : i + 12], 4));
  return triples.join('') + encode(hash, [11], 2);
}

/** The bytes at `places`, first one highest, as `length` letters, lowest bits first. */
function encode(hash: Buffer, places: readonly number[], length: number): string {
  let bits = places.reduce((value, place) => (value << 8) | (hash[place] ?? 0), 0);
  let text = '';
  for (let i = 0; i < length; i++) {
    text += ALPHABET[bits & 63];
    bits >>= 6;
  }
  return text;
}

function md5(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) {
    hash.update(part);
  }
  return hash.digest();
}
