import { isIP } from 'node:net';
import { hide } from './secret';
import { isObject } from './tree';
import type { HttpSettings, Secret } from './types';

/** @param http Valid, with every default. @param changing The token, where it may change. */
export function httpSettings(http: unknown, changing?: Secret): HttpSettings {
  const given = isObject(http) ? http : {};
  const host = String(given.host);
  const token = changing ?? (typeof given.token === 'string' ? hide(given.token) : undefined);
  const allowed =
    typeof given.explore === 'boolean' ? given.explore : token !== undefined || isLoopback(host);
  return {
    host,
    port: Number(given.port),
    ...(token === undefined ? {} : { token }),
    explore: {
      allowed,
      maxRecords: Number(given.exploreMaxRecords),
      maxBytes: Number(given.exploreMaxBytes),
      timeout: Number(given.exploreTimeout),
      maxLooks: Number(given.exploreMaxLooks),
    },
  };
}

/** Whether only this machine reaches what listens at `host`. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}
