import type { Socket } from 'node:net';
import { firstEvent } from '../aws/first-event';
import type { PulsarSettings } from '../config';
import { secureSockets } from '../pulsar/tls';
import { placeOf } from './aws-endpoints';
import type { Endpoint } from './endpoint-checks';
import type { Place, ProbeOrder } from './endpoint-probe';
import type { Network } from './network';

/** Source: Pulsar `ServiceURI`. */
const DEFAULT_PORTS: { readonly [scheme: string]: number } = {
  pulsar: 6650,
  'pulsar+ssl': 6651,
  http: 80,
  https: 443,
  ws: 80,
  wss: 443,
};

type TlsSettings = PulsarSettings['tls'];

/** Every address that a configuration names on the side of Pulsar. */
export function pulsarEndpoints(settings: PulsarSettings, network: Network): Endpoint[] {
  const { serviceUrl, adminUrl, authentication, tls, sniProxy, connectionTimeout } = settings;
  const endpoint = (name: string, url: string, tlsSettings: TlsSettings, hop?: Place): Endpoint => ({
    name,
    place: url.replace(/^[^:]+:\/\//, ''),
    order: async () => orderOf(url, tlsSettings, connectionTimeout, network, hop),
  });
  const [, scheme = '', hosts = ''] = /^([a-z+]+):\/\/([^/]+)/.exec(serviceUrl) ?? [];
  if (DEFAULT_PORTS[scheme] === undefined) {
    return [];
  }
  const endpoints = hosts.split(',').map((host) => endpoint('pulsar', `${scheme}://${host}`, tls, sniProxy));
  if (adminUrl !== undefined) {
    endpoints.push(endpoint('pulsar admin', adminUrl, tls));
  }
  if (authentication.type === 'oauth2') {
    const { trustCertsFilePath } = authentication;
    endpoints.push(
      endpoint('oauth2 issuer', authentication.issuerUrl, {
        allowInsecureConnection: false,
        hostnameVerificationEnable: true,
        ...(trustCertsFilePath === undefined ? {} : { trustCertsFilePath }),
      }),
    );
  }
  return endpoints;
}

function orderOf(
  url: string,
  tls: TlsSettings,
  stepTimeout: number,
  network: Network,
  proxy: Place | undefined,
): ProbeOrder {
  const [, scheme = '', rest = ''] = /^([a-z+]+):\/\/(.+)/.exec(url) ?? [];
  // Of http, the URL class knows brackets and ports.
  const place = placeOf(new URL(`http://${rest}`), DEFAULT_PORTS[scheme] ?? 80);
  const hop = proxy ?? place;
  return {
    place,
    hop,
    dial: async (signal): Promise<Socket> => {
      const secure = /^(pulsar\+ssl|https|wss)$/.test(scheme) ? await secureSockets(tls) : undefined;
      signal.throwIfAborted();
      const socket = network.connect(hop.host, hop.port);
      await firstEvent(socket, 'connect', signal);
      const secured = secure?.(socket, place.host);
      if (secured !== undefined) {
        await firstEvent(secured, 'secureConnect', signal);
      }
      return secured ?? socket;
    },
    http: /^(http|ws)s?$/.test(scheme),
    codes: { unreachable: 'PULSAR_UNAVAILABLE', tls: 'PULSAR_TLS' },
    stepTimeout,
  };
}
