import { ConnectorError, messageOf } from '../errors';
import type { ProcessStatus } from '../runtime/http-status';
import { follow } from '../util/abort';
import { systemClock } from '../util/clock';
import { printable } from './terminal-text';

/** Milliseconds until a process that does not answer counts as not running. */
const TIMEOUT_MS = 5000;

/**
 * What the process that listens at `url` says of itself.
 * @param token `http.token` of that process, if it has one
 * @param signal nobody waits any more
 * @throws ConnectorError HTTP_UNREACHABLE, HTTP_TOKEN_REFUSED
 */
export async function requestStatus(
  url: string,
  token: string | undefined,
  signal?: AbortSignal,
): Promise<ProcessStatus> {
  const unreachable = (found: string, cause?: unknown): ConnectorError =>
    new ConnectorError('HTTP_UNREACHABLE', `no connector answers at ${url}`, {
      expected: 'the answer of /status',
      found,
      cause,
    });
  const limit = new AbortController();
  const unfollow = signal === undefined ? undefined : follow(signal, limit);
  const timer = systemClock.setTimer(() => limit.abort(new Error('no answer in time')), TIMEOUT_MS);
  let status: number;
  let answer: unknown;
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(new URL('/status', url), { headers, signal: limit.signal });
    status = response.status;
    answer = await response.json();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw unreachable(messageOf(cause), error);
  } finally {
    systemClock.clearTimer(timer);
    unfollow?.();
  }
  if (status === 401) {
    throw new ConnectorError('HTTP_TOKEN_REFUSED', `the connector at ${url} wants its token`, {
      expected: 'its http.token',
      found: token === undefined ? 'none' : 'another one',
    });
  }
  if (!isProcessStatus(answer)) {
    throw unreachable(`status ${status}: ${refusalIn(answer) ?? 'something else that speaks HTTP'}`);
  }
  return answer;
}

/** As a connector words it that does not answer to this name, or to this request. */
function refusalIn(answer: unknown): string | undefined {
  const said = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : undefined;
  return typeof said === 'string' ? printable(said) : undefined;
}

function isProcessStatus(answer: unknown): answer is ProcessStatus {
  return typeof answer === 'object' && answer !== null && 'ready' in answer && 'connectors' in answer;
}
