import type { ConfigOptions, LoadedConfig } from '../config';
import { loadConfig } from '../runtime/load-config';
import type { CliIo } from './cli-io';

/**
 * The configuration of a command, with the secrets that it refers to.
 * @param signal Ends the wait for them.
 * @throws ConfigError, the signal's reason
 */
export function loadCliConfig(
  file: string,
  io: CliIo,
  signal: AbortSignal,
  options: Pick<ConfigOptions, 'overrides'> = {},
): Promise<LoadedConfig> {
  return loadConfig(file, { ...options, env: io.env, signal });
}
