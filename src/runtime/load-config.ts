import { secretsReader } from '../aws/secrets-reader';
import {
  type ConfigOptions,
  type LoadedConfig,
  loadConfigDocument as loadDocument,
  loadConfig as loadFile,
  type ReadSecrets,
} from '../config';
import { systemClock } from '../util/clock';

type Document = Parameters<typeof loadDocument>[0];

/** Reads what `${secret:}` names from AWS Secrets Manager. */
export const readSecrets: ReadSecrets = secretsReader({ clock: systemClock });

/**
 * Reads, checks and completes a configuration file of either shape, YAML or JSON; the secrets that it refers to are
 * read from AWS Secrets Manager.
 * @throws ConfigError with every problem at once; nothing may be started then. The reason of `options.signal`.
 */
export function loadConfig(file: string, options: ConfigOptions = {}): Promise<LoadedConfig> {
  return loadFile(file, { readSecrets, ...options });
}

/** The same for a mapping that was never a file; `name` stands for the file in messages. */
export function loadConfigDocument(
  raw: Document,
  name: string,
  options: ConfigOptions = {},
): Promise<LoadedConfig> {
  return loadDocument(raw, name, { readSecrets, ...options });
}
