import pino from 'pino';
import type { LogFields, Logger } from '../util/logger';

class PinoLogger implements Logger {
  readonly #pino: pino.Logger;

  constructor(logger: pino.Logger) {
    this.#pino = logger;
  }

  debug(fields: LogFields, message: string): void {
    this.#pino.debug(fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#pino.info(fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#pino.warn(fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#pino.error(fields, message);
  }

  child(fields: LogFields): Logger {
    return new PinoLogger(this.#pino.child(fields));
  }
}

/**
 * The logger of a process: one JSON line an event on standard error, written at once, so that the last line
 * before an exit is not lost.
 * @param level lowest level written.
 */
export function createPinoLogger(level: 'debug' | 'info' | 'warn' | 'error'): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return new PinoLogger(pino(options, pino.destination({ dest: 2, sync: true })));
}
