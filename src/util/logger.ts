/** Values a log line may carry beside its message. Never a secret (G9). */
export type LogFields = { readonly [name: string]: unknown };

/**
 * What our parts need of a logger: one event a call, message last, fields first.
 * Steady state is silent at info; a warning says what happens next.
 */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
