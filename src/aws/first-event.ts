import type { EventEmitter } from 'node:events';

/** A socket, session, stream or request. */
interface Connection extends EventEmitter {
  destroy(): unknown;
}

/**
 * What `event` of `connection` carries, when it comes before an error, the end, and the signal; otherwise the
 * connection is destroyed. Errors that come later end no process: they are for whoever reads from the connection.
 * @throws the error of the connection, ECONNRESET when it closes without one, the signal's reason
 */
export function firstEvent<T>(connection: Connection, event: string, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const settled = (): void => {
      connection.removeListener(event, onEvent);
      connection.removeListener('error', onError);
      connection.removeListener('close', onClose);
      signal.removeEventListener('abort', onAbort);
    };
    const onEvent = (value: T): void => {
      settled();
      resolve(value);
    };
    const onError = (error: unknown): void => {
      settled();
      connection.destroy();
      reject(error);
    };
    const onClose = (): void =>
      onError(Object.assign(new Error('the connection closed without an answer'), { code: 'ECONNRESET' }));
    const onAbort = (): void => onError(signal.reason);
    connection.on('error', ignored);
    connection.once(event, onEvent);
    connection.once('error', onError);
    connection.once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) {
      onAbort();
    }
  });
}

function ignored(): void {}
