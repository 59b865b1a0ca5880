import type { LogFields, Logger } from '../../src/util/logger';

/** A logger that keeps what it is told: level, message, fields. */
export class LogLines implements Logger {
  readonly lines: [level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: LogFields][] = [];

  readonly debug = this.#writer('debug');
  readonly info = this.#writer('info');
  readonly warn = this.#writer('warn');
  readonly error = this.#writer('error');

  child(): this {
    return this;
  }

  #writer(level: 'debug' | 'info' | 'warn' | 'error') {
    return (fields: LogFields, message: string): void => void this.lines.push([level, message, fields]);
  }
}
