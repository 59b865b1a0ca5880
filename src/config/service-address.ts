import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { get, type JsonObject, textAt } from './tree';

/**
 * The address that a host name and a port of the Java sink mean; one that is an address already only gets the
 * port. Source: KPL configuration, kinesis_endpoint and kinesis_port (443 unless set, always TLS).
 */
export function hostUrl(host: string | undefined, port: unknown): string | undefined {
  if (host === undefined) {
    return undefined;
  }
  const address = host.includes('://') ? host : `https://${host}`;
  if (typeof port !== 'number' || !URL.canParse(address)) {
    return address;
  }
  const url = new URL(address);
  url.port = String(port);
  return url.pathname === '/' && url.search === '' ? url.origin : url.href;
}

/** Reports a port without its host, and one beside an address with another port. */
export function hostProblems(
  configs: JsonObject,
  [host, port]: readonly [string, string],
  path: string,
  problems: ProblemList,
): void {
  const given = get(configs, port);
  const address = textAt(configs, host);
  if (typeof given !== 'number') {
    return;
  }
  if (address === undefined) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, port), {
      found: `${given}, without ${host}`,
      expected: `${host} beside it`,
      hint: `Set ${host}, or remove ${port}.`,
    });
    return;
  }
  const own = URL.canParse(address) ? new URL(address).port : '';
  if (own !== '' && own !== String(given)) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, port), {
      found: describe(given),
      expected: `${own}, the port in ${host}`,
      hint: `Remove ${port}: the address has a port.`,
    });
  }
}
