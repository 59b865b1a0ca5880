import { describe, type ProblemList } from './problems';
import { authenticationProblems, authenticationSettings } from './pulsar-authentication';
import { tlsProblems, tlsSettings } from './pulsar-tls';
import type { SecretAt } from './secret';
import { get, type JsonObject, textAt } from './tree';
import type { ConfigNotice, ProducerSettings, PulsarSettings } from './types';

const HOST = '(\\[[0-9a-fA-F:]+\\]|[^\\s/,:@[\\]]+)(:\\d{1,5})?';
const BROKER = new RegExp(`^(pulsar|pulsar\\+ssl|https?|wss?)://${HOST}(,${HOST})*/?$`);
const ADMIN = new RegExp(`^https?://${HOST}/?$`);
const ONE_HOST = new RegExp(`^${HOST}$`);
const PROXY = new RegExp(`^pulsar\\+ssl://${HOST}/?$`);
const LOCAL = /^(memory:\/\/\S*|stdout:(\/\/)?)$/;

/** Reports what is wrong within `pulsar`. Pure but for the files it names, which must be readable. */
export function pulsarProblems(
  pulsar: unknown,
  folder: string,
  problems: ProblemList,
  notices: ConfigNotice[],
): void {
  const url = textAt(pulsar, 'serviceUrl');
  if (url !== undefined && !BROKER.test(url) && !LOCAL.test(url)) {
    problems.add('CONFIG_FORMAT', 'pulsar.serviceUrl', {
      found: describe(url),
      expected: 'pulsar[+ssl]://HOST:PORT, http[s]://HOST:PORT, ws[s]://HOST:PORT, memory://NAME, or stdout:',
      hint: 'For example pulsar://localhost:6650.',
    });
  }
  if (textAt(pulsar, 'transport') === 'pulsar-client' && url !== undefined && !/^pulsar(\+ssl)?:/.test(url)) {
    problems.add('CONFIG_CROSS_FIELD', 'pulsar.transport', {
      found: `pulsar-client, with ${describe(url)}`,
      expected: 'pulsar://HOST:PORT or pulsar+ssl://HOST:PORT as serviceUrl',
      hint: 'The other schemes have clients of our own: remove transport.',
    });
  }
  const adminUrl = textAt(pulsar, 'adminUrl');
  if (adminUrl !== undefined && !ADMIN.test(adminUrl)) {
    problems.add('CONFIG_FORMAT', 'pulsar.adminUrl', {
      found: describe(adminUrl),
      expected: 'http[s]://HOST:PORT',
      hint: 'For example http://localhost:8080.',
    });
  }
  authenticationProblems(get(pulsar, 'authentication'), folder, problems);
  tlsProblems(pulsar, folder, problems, notices);
  proxyProblems(pulsar, url ?? '', problems);
}

function proxyProblems(pulsar: unknown, url: string, problems: ProblemList): void {
  const broker = textAt(pulsar, 'proxyToBroker');
  if (broker !== undefined && !ONE_HOST.test(withoutScheme(broker))) {
    problems.add('CONFIG_FORMAT', 'pulsar.proxyToBroker', {
      found: describe(broker),
      expected: 'HOST:PORT',
      hint: 'For example broker-0.internal:6650.',
    });
  } else if (broker !== undefined && url.startsWith('http')) {
    problems.add('CONFIG_CROSS_FIELD', 'pulsar.proxyToBroker', {
      found: 'proxyToBroker, with topics looked up by REST',
      expected: 'pulsar:// or pulsar+ssl:// as serviceUrl',
      hint: 'Name the proxy in serviceUrl.',
    });
  }
  const proxy = textAt(pulsar, 'proxyServiceUrl');
  if (proxy !== undefined && !PROXY.test(proxy)) {
    problems.add('CONFIG_FORMAT', 'pulsar.proxyServiceUrl', {
      found: describe(proxy),
      expected: 'pulsar+ssl://HOST:PORT',
      hint: 'A proxy of another kind needs no option: name it in serviceUrl.',
    });
  } else if (proxy !== undefined && !url.startsWith('pulsar+ssl:')) {
    problems.add('CONFIG_CROSS_FIELD', 'pulsar.proxyServiceUrl', {
      found: 'an SNI proxy, with a serviceUrl without TLS',
      expected: 'pulsar+ssl://HOST:PORT as serviceUrl',
      hint: 'Such a proxy finds the broker in the TLS handshake.',
    });
  }
}

/** @param pulsar Valid, with its defaults. */
export function pulsarSettings(pulsar: unknown, folder: string, secretAt: SecretAt): PulsarSettings {
  const number = (name: string): number => Number(get(pulsar, name));
  const [listenerName, broker] = [textAt(pulsar, 'listenerName'), textAt(pulsar, 'proxyToBroker')];
  const proxy = textAt(pulsar, 'proxyServiceUrl');
  const adminUrl = textAt(pulsar, 'adminUrl');
  return {
    serviceUrl: String(get(pulsar, 'serviceUrl')),
    authentication: authenticationSettings(get(pulsar, 'authentication'), folder, secretAt),
    tls: tlsSettings(pulsar, folder),
    ...(adminUrl === undefined ? {} : { adminUrl }),
    ...(listenerName === undefined ? {} : { listenerName }),
    ...(broker === undefined ? {} : { proxyToBroker: withoutScheme(broker) }),
    ...(proxy === undefined ? {} : { sniProxy: hostAndPort(proxy) }),
    transport: get(pulsar, 'transport') === 'pulsar-client' ? 'pulsar-client' : 'binary',
    webSocketMaxFrameBytes: number('webSocketMaxFrameBytes'),
    connectionsPerBroker: number('connectionsPerBroker'),
    maxLookupRedirects: number('maxLookupRedirects'),
    operationTimeout: number('operationTimeout'),
    connectionTimeout: number('connectionTimeout'),
    keepAliveInterval: number('keepAliveInterval'),
  };
}

function withoutScheme(broker: string): string {
  return broker.replace(/^pulsar(\+ssl)?:\/\//, '');
}

/** @param proxy `pulsar+ssl://host:port`; Pulsar's port with TLS when it names none. */
function hostAndPort(proxy: string): { readonly host: string; readonly port: number } {
  // Of http, the URL class knows brackets and ports.
  const { hostname, port } = new URL(proxy.replace(/^pulsar\+ssl/, 'http'));
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 6651 : Number(port) };
}

/**
 * The producer of a connector, valid, with its defaults. What stands beside `producerConfig` counts more than what
 * stands in it. Source: Pulsar `SourceConfigUtils.convert`, `ProducerConfigUtils.convert`.
 */
export function producerSettings(connector: JsonObject): ProducerSettings {
  const producer = connector.producerConfig;
  const batching = get(producer, 'batchingConfig') as JsonObject;
  const sendTimeout = Number(get(producer, 'sendTimeoutMs'));
  const sendStallTimeout = Number(get(producer, 'sendStallTimeoutMs'));
  return {
    batchBuilder: batchBuilder(connector) === 'KEY_BASED' ? 'KEY_BASED' : 'DEFAULT',
    batchingEnabled: batching.enabled === true,
    batchingMaxPublishDelay: Number(batching.batchingMaxPublishDelayMs),
    batchingMaxMessages: Number(batching.batchingMaxMessages),
    batchingMaxBytes: Number(batching.batchingMaxBytes),
    chunkingEnabled: get(producer, 'chunkingEnabled') === true,
    compressionType: get(producer, 'compressionType') as ProducerSettings['compressionType'],
    hashingScheme: get(producer, 'hashingScheme') === 'JavaStringHash' ? 'JavaStringHash' : 'Murmur3_32Hash',
    partitionSwitchFrequency: Number(batching.roundRobinRouterBatchingPartitionSwitchFrequency),
    autoUpdatePartitionsInterval: Number(get(producer, 'autoUpdatePartitionsInterval')),
    maxPendingMessages: Number(get(producer, 'maxPendingMessages')),
    maxPendingBytes: Number(get(producer, 'maxPendingBytes')),
    sendTimeout,
    // The transport's own time-out comes first.
    sendStallTimeout: sendStallTimeout === 0 ? 0 : Math.max(sendStallTimeout, 2 * sendTimeout),
  };
}

/** How a connector's batches are made, as its configuration says; undefined when it does not. */
export function batchBuilder(connector: JsonObject): string | undefined {
  return (
    textAt(connector, 'batchBuilder') ??
    textAt(connector, 'producerConfig', 'batchBuilder') ??
    textAt(connector, 'producerConfig', 'batchingConfig', 'batchBuilder')
  );
}
