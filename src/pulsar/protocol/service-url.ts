import type { BrokerAddress } from './endpoint';
import { ProtocolError } from './protocol-error';

const DEFAULT_PORT = 6650;

/**
 * The brokers of `pulsar://host:port,host:port`; the port may be left out.
 * @throws ProtocolError invalid-url
 */
export function brokerAddresses(serviceUrl: string): BrokerAddress[] {
  const hosts = /^pulsar:\/\/([^/]+)\/?$/.exec(serviceUrl)?.[1];
  if (hosts === undefined) {
    throw new ProtocolError('invalid-url', `'${serviceUrl}' is not pulsar://<host>:<port>`);
  }
  return hosts.split(',').map((host) => {
    // The URL class knows ports and IPv6 brackets of http only.
    const url = `http://${host}`;
    if (!URL.canParse(url)) {
      throw new ProtocolError('invalid-url', `'${host}' in '${serviceUrl}' is not <host>:<port>`);
    }
    const { hostname, port } = new URL(url);
    const httpDefault = /:80$/.test(host) ? 80 : DEFAULT_PORT;
    return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? httpDefault : Number(port) };
  });
}
