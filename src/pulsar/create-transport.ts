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
import { StdoutTransport } from './stdout-transport';
import type { Transport } from './transport';

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

const LATER = /^(pulsar\+ssl|wss?|https?):/;

/** The transport that the scheme of `serviceUrl` names. @throws ConnectorError NOT_AVAILABLE_YET, CONFIG_INVALID */
export function createTransport(
  settings: PulsarSettings,
  producer: ProducerSettings,
  parts: TransportParts,
): Transport {
  const { serviceUrl } = settings;
  if (serviceUrl.startsWith('pulsar://')) {
    return new BinaryTransport(settings, producer, { ...parts, connect: parts.connect ?? tcpConnect });
  }
  if (serviceUrl.startsWith('memory:')) {
    return new MemoryTransport(parts.memory ?? processBroker, producer, parts.clock);
  }
  if (serviceUrl.startsWith('stdout:')) {
    return new StdoutTransport(parts.stdout, producer, parts.clock);
  }
  const code = LATER.test(serviceUrl) ? 'NOT_AVAILABLE_YET' : 'CONFIG_INVALID';
  throw new ConnectorError(code, `serviceUrl ${serviceUrl} names no transport of this version`, {
    expected: 'pulsar://, memory:// or stdout:',
    found: serviceUrl,
    hint: 'Set pulsar.serviceUrl to one of these.',
  });
}

function tcpConnect(host: string, port: number): Socket {
  return connect({ host, port, noDelay: true });
}
