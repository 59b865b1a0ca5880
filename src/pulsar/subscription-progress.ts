import { ConnectorError } from '../errors';
import { abortable } from '../util/abort';
import { type Clock, sleep } from '../util/clock';
import { partitionName, topicPath } from './protocol';
import { connectorError } from './protocol-errors';

/** Milliseconds between two looks at how far the subscription is. */
const PAUSE_MS = 200;

export interface ProgressParts {
  readonly clock: Clock;
  /** @throws ProtocolError */
  readonly get: (url: URL) => Promise<{ readonly status: number; readonly body: string }>;
  /** Where the broker's REST API is. */
  readonly adminUrl: string;
  /** Full name. */
  readonly topic: string;
  readonly subscription: string;
}

/** The parts of `ManagedLedgerInternalStats` that are read; positions are `ledger:entry`. Seen on 4.0.8. */
interface InternalStats {
  readonly lastConfirmedEntry?: string;
  readonly cursors?: { readonly [name: string]: { readonly markDeletePosition?: string } };
}

/**
 * Resolves once all that is in the topic at this call is acknowledged in the subscription. The WebSocket API does not
 * tell how far it is: the REST API is asked, which takes the right to consume (4.0.8).
 * @throws ConnectorError NOT_AVAILABLE_YET when there is none; the signal's reason
 */
export async function caughtUp(parts: ProgressParts, signal: AbortSignal): Promise<void> {
  const { topic } = parts;
  const { partitions = 0 } = await ask<{ readonly partitions?: number }>(parts, topic, 'partitions', signal);
  const names =
    partitions === 0
      ? [topic]
      : Array.from({ length: partitions }, (_, index) => partitionName(topic, index));
  await Promise.all(names.map((name) => partitionCaughtUp(parts, name, signal)));
}

async function partitionCaughtUp(parts: ProgressParts, topic: string, signal: AbortSignal): Promise<void> {
  let target: string | undefined;
  for (;;) {
    const { lastConfirmedEntry, cursors } = await ask<InternalStats>(parts, topic, 'internalStats', signal);
    target ??= lastConfirmedEntry ?? '-1:-1';
    const [, cursor] =
      Object.entries(cursors ?? {}).find(([name]) => decoded(name) === parts.subscription) ?? [];
    if (!isBefore(cursor?.markDeletePosition ?? '-1:-1', target)) {
      return;
    }
    await sleep(parts.clock, PAUSE_MS, signal);
  }
}

/** Asks until there is an answer; a refusal that does not heal is one. */
async function ask<T>(parts: ProgressParts, topic: string, what: string, signal: AbortSignal): Promise<T> {
  const url = new URL(`${parts.adminUrl.replace(/\/+$/, '')}/admin/v2/${topicPath(topic)}/${what}`);
  for (;;) {
    try {
      const { status, body } = await abortable(parts.get(url), signal);
      if (status === 200) {
        return JSON.parse(body) as T;
      }
      throw refusal(url, status);
    } catch (thrown) {
      signal.throwIfAborted();
      const error = connectorError(thrown, topic);
      if (error.treatment !== 'retry') {
        throw error;
      }
    }
    await sleep(parts.clock, PAUSE_MS, signal);
  }
}

function refusal(url: URL, status: number): ConnectorError {
  const found = `status ${status} of ${url.origin}`;
  if (status === 401 || status === 403) {
    return new ConnectorError(
      status === 401 ? 'PULSAR_AUTHENTICATION' : 'PULSAR_AUTHORIZATION',
      `${found}: ${url.pathname}`,
    );
  }
  if (status === 404) {
    return new ConnectorError(
      'NOT_AVAILABLE_YET',
      'how far a subscription is cannot be asked through WebSocket',
      {
        expected: "the broker's REST API",
        found,
        hint: 'Set pulsar.adminUrl to the web service of the brokers.',
      },
    );
  }
  return new ConnectorError('PULSAR_UNAVAILABLE', found);
}

/** Cursors have the names of their subscriptions as in a form. Source: `Codec.encode` of Pulsar. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replace(/\+/g, ' '));
  } catch {
    return name;
  }
}

/** Whether position `a` is before `b`. Nothing is before the end of an empty topic. */
function isBefore(a: string, b: string): boolean {
  const [[ledgerA = 0, entryA = 0], [ledgerB = 0, entryB = 0]] = [a, b].map((text) =>
    text.split(':').map(Number),
  ) as [number[], number[]];
  return entryB >= 0 && (ledgerA < ledgerB || (ledgerA === ledgerB && entryA < entryB));
}
