import { connect, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { ProducerSettings, PulsarSettings } from '../config/types';
import { ConnectorError } from '../errors';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { BinaryTransport } from './binary-transport';
import { MemoryBroker } from './memory-broker';
import { MemoryTransport } from './memory-transport';
import { PulsarClientTransport } from './pulsar-client-transport';
import { StdoutTransport } from './stdout-transport';
import type { Transport } from './transport';
import { WebSocketTransport } from './websocket-transport';

export interface TransportParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Where `stdout:` writes. */
  readonly stdout: Writable;
  /** Starts a TCP connection; Node's own when absent. */
  readonly connect?: (host: string, port: number) => Socket;
  /** Topics of `memory://`; those shared by the process when absent. */
  readonly memory?: MemoryBroker;
}

/**
 * Shared by everything in this process that says `memory://`; keeps what its subscriptions still need, and lets
 * producers wait when that becomes too much.
 */
export const processBroker = new MemoryBroker({
  keep: 0,
  backlog: { messages: 100_000, bytes: 64 * 1024 * 1024 },
});

const BINARY = /^(pulsar|pulsar\+ssl|https?):\/\//;
const WEB_SOCKET = /^wss?:\/\//;

/** The transport that the settings name. @throws ConnectorError CONFIG_INVALID, PULSAR_CLIENT_MISSING */
export function createTransport(
  settings: PulsarSettings,
  producer: ProducerSettings,
  parts: TransportParts,
): Transport {
  const { serviceUrl } = settings;
  const { connect = tcpConnect } = parts;
  if (settings.transport === 'pulsar-client') {
    return new PulsarClientTransport(settings, producer, { ...parts, connect });
  }
  if (BINARY.test(serviceUrl)) {
    return new BinaryTransport(settings, producer, { ...parts, connect });
  }
  if (WEB_SOCKET.test(serviceUrl)) {
    return new WebSocketTransport(settings, producer, { ...parts, connect });
  }
  if (serviceUrl.startsWith('memory:')) {
    return new MemoryTransport(parts.memory ?? processBroker, producer, parts.clock, parts.logger);
  }
  if (serviceUrl.startsWith('stdout:')) {
    return new StdoutTransport(parts.stdout, producer, parts.clock);
  }
  throw new ConnectorError('CONFIG_INVALID', `serviceUrl ${serviceUrl} names no transport`, {
    expected: 'pulsar[+ssl]://, http[s]://, ws[s]://, memory:// or stdout:',
    found: serviceUrl,
    hint: 'Set pulsar.serviceUrl to one of these.',
  });
}

function tcpConnect(host: string, port: number): Socket {
  return connect({ host, port, noDelay: true, keepAlive: true });
}
