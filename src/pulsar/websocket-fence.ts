import type { Clock } from '../util/clock';
import type { WebSocketDialer } from './websocket-dialer';

/**
 * Resolves once nothing more of a producer can be stored whose socket is gone, or at `deadline`, a monotonic instant.
 * Never rejects. The service goes on with what it has read. A second producer of the same name is refused until the
 * broker has let go of the first one, behind everything that came through it: once there is one, it is so.
 * @param path of the producer, behind `/ws/v2/`.
 */
export async function letGoOf(
  path: string,
  { clock, dialer }: { readonly clock: Clock; readonly dialer: WebSocketDialer },
  deadline: number,
): Promise<void> {
  const late = new AbortController();
  const left = (): number => Math.max(0, deadline - clock.monotonic());
  const timer = clock.setTimer(() => late.abort(), left());
  const listener = { message: () => undefined, ended: () => undefined };
  try {
    const session = await dialer.dial({ kind: 'producer', path, listener }, deadline, late.signal);
    await session.close(left());
  } catch {
    // Late, or refused for another reason: nothing else can be done about it.
  } finally {
    clock.clearTimer(timer);
  }
}
