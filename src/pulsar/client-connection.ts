import type { Socket } from 'node:net';
import type { PulsarSettings } from '../config/types';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import { authenticationHeaders, authenticationOf } from './authentication';
import { HttpClient, type HttpRequest } from './http-client';
import { type ConnectionSettings, followRedirects, type HttpAnswer, type LookupSettings } from './protocol';
import { secureSockets } from './tls';

export interface ConnectionParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Starts a TCP connection; must not throw. */
  readonly connect: (host: string, port: number) => Socket;
}

export interface ClientConnection extends ConnectionSettings, LookupSettings {
  /** A request to a REST API of the cluster, with what proves who we are, followed to the broker that can answer. @throws ProtocolError */
  http(request: HttpRequest): Promise<HttpAnswer>;
}

/** How a client of the binary protocol reaches the brokers of `pulsar`, and what it says there. */
export function clientConnection(
  pulsar: PulsarSettings,
  { clock, logger, connect }: ConnectionParts,
): ClientConnection {
  const { serviceUrl, listenerName, proxyToBroker, sniProxy, operationTimeout } = pulsar;
  const tls = () => secureSockets(pulsar.tls);
  const http = new HttpClient({ clock, connect, tls, timeout: operationTimeout });
  const authentication = authenticationOf(pulsar.authentication, {
    clock,
    http: issuerClient(pulsar, { clock, connect }),
  });
  const send = async (request: HttpRequest): Promise<HttpAnswer> =>
    http.send({
      ...request,
      headers: { ...request.headers, ...(await authenticationHeaders(authentication)) },
    });
  return {
    clock,
    logger,
    connect,
    tls,
    serviceUrl,
    connectionTimeout: pulsar.connectionTimeout,
    operationTimeout,
    keepAliveInterval: pulsar.keepAliveInterval,
    connectionsPerBroker: pulsar.connectionsPerBroker,
    maxLookupRedirects: pulsar.maxLookupRedirects,
    http: async (request) => {
      const at = (url: URL): Promise<HttpAnswer> => send({ ...request, url });
      return (await followRedirects(request.url, pulsar.maxLookupRedirects, at)).answer;
    },
    httpGet: (url) => send({ url }),
    ...(authentication === undefined ? {} : { authentication }),
    ...(listenerName === undefined ? {} : { listenerName }),
    ...(proxyToBroker === undefined ? {} : { proxyToBroker }),
    ...(sniProxy === undefined ? {} : { sniProxy }),
  };
}

/** Asks the issuer of OAuth2 tokens: it is no broker, and has a certificate of another authority. */
function issuerClient(
  { authentication, connectionTimeout }: PulsarSettings,
  parts: Pick<ConnectionParts, 'clock' | 'connect'>,
): HttpClient {
  const trusted = authentication.type === 'oauth2' ? authentication.trustCertsFilePath : undefined;
  const settings = {
    allowInsecureConnection: false,
    hostnameVerificationEnable: true,
    ...(trusted === undefined ? {} : { trustCertsFilePath: trusted }),
  };
  return new HttpClient({ ...parts, tls: () => secureSockets(settings), timeout: connectionTimeout });
}
