import { BlockList, isIP } from 'node:net';

/**
 * Whether a host is reached without the proxy. Each entry is `*`, a name (which stands for what is below it too, with
 * or without a leading dot or `*.`), an address, or a network such as `10.0.0.0/8`; any but `*` may end in a port.
 * Names are compared, not looked up. Source: the common meaning of NO_PROXY, as curl and Go read it.
 * @param hostname IPv6 without brackets.
 */
export function goesDirect(entries: readonly string[], hostname: string, port: number): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  return entries.some((entry) => covers(entry.trim().toLowerCase(), host, port));
}

/** With a port: `name:port`, `1.2.3.4:port`, `[::1]:port`. */
const WITH_PORT = /^(\[[^\]]*\]|[^:]*):(\d+)$/;

function covers(entry: string, host: string, port: number): boolean {
  if (entry === '*') {
    return true;
  }
  const [, named = entry, only] = WITH_PORT.exec(entry) ?? [];
  const name = named.replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
  if (name === '' || (only !== undefined && Number(only) !== port)) {
    return false;
  }
  if (isIP(host) !== 0) {
    return coversAddress(name, host);
  }
  return host === name || host.endsWith(`.${name}`);
}

function coversAddress(entry: string, address: string): boolean {
  const [first = '', length] = entry.split('/');
  const family = isIP(first);
  if (family === 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) {
    return false;
  }
  const all = family === 4 ? 32 : 128;
  const bits = length === undefined ? all : Number(length);
  if (bits > all) {
    return false;
  }
  const list = new BlockList();
  list.addSubnet(first, bits, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}
