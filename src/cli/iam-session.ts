import {
  type ConfigProblem,
  inspectConfig,
  type LoadedConfig,
  loadConfig,
  loadConfigDocument,
  readConfigDocument,
} from '../config';
import type { ReadSecrets } from '../config/secret-reference';
import type { JsonObject } from '../config/tree';
import { ConnectorError } from '../errors';
import type { SecretsUse } from '../iam/permissions';
import type { CliIo } from './cli-io';
import { reportFailure } from './failure';
import { usage } from './offsets-session';

export interface IamFlags {
  readonly config: string;
  readonly connector?: string;
  readonly account?: string;
  readonly region?: string;
  readonly json?: boolean;
}

/** A configuration, and the secrets that it is loaded with. */
export interface IamConfig {
  readonly config: LoadedConfig;
  readonly secrets: SecretsUse | undefined;
}

/** Stands for whatever a secret holds: nothing is called to say what may be called. */
const PLACEHOLDER = 'what-the-secret-holds';

/** Loads the configuration, that of one connector alone where so said, and does `work`. Never rejects. */
export async function withIamConfig(
  flags: IamFlags,
  io: CliIo,
  work: (loaded: IamConfig) => Promise<void> | void,
): Promise<void> {
  try {
    if (flags.account !== undefined && !/^\d{12}$/.test(flags.account)) {
      throw usage('--account', '12 digits', flags.account);
    }
    const { config, secrets } = await loadUnread(flags, io);
    await work({ config: only(config, flags.connector), secrets });
  } catch (error) {
    reportFailure(error, io);
  }
}

/** @throws ConfigError */
async function loadUnread({ config: file, region }: IamFlags, io: CliIo): Promise<IamConfig> {
  // Of the connectors' environment, not of ours: as there it counts where the configuration names no region.
  const env = region === undefined ? io.env : { ...io.env, AWS_REGION: region };
  const { secretTexts } = await inspectConfig(file, { env });
  const parts = [...secretTexts.values()].flat();
  const fields = parts.flatMap((part) => (typeof part === 'string' ? [] : (part.field ?? [])));
  const text =
    fields.length === 0
      ? PLACEHOLDER
      : JSON.stringify(Object.fromEntries(fields.map((field) => [field, PLACEHOLDER])));
  let secrets: SecretsUse | undefined;
  const readSecrets: ReadSecrets = async (aws, stored) => {
    secrets ??= { aws, ids: stored.map(({ id }) => id) };
    return stored.map(() => ({ text }));
  };
  const { problems } = await inspectConfig(file, { env, readSecrets });
  const onlyElsewhere = problems.length > 0 && problems.every(isElsewhere);
  const config = onlyElsewhere
    ? await loadConfigDocument(withoutPulsar(await readConfigDocument(file)), file, { env, readSecrets })
    : await loadConfig(file, { env, readSecrets });
  return { config, secrets };
}

/** A variable or a file that is there where the connectors run, and of which no permission depends. */
const isElsewhere = ({ code, path }: ConfigProblem): boolean =>
  code === 'CONFIG_REFERENCE' && /^(pulsar|http)\./.test(path);

function withoutPulsar({ http: _, ...raw }: JsonObject): JsonObject {
  return { ...raw, pulsar: { serviceUrl: 'pulsar://localhost' } };
}

/** @throws ConnectorError USAGE */
function only(config: LoadedConfig, name: string | undefined): LoadedConfig {
  if (name === undefined) {
    return config;
  }
  const named = (one: { readonly name: string }): boolean => one.name === name;
  const sources = config.sources.filter(named);
  const sinks = config.sinks.filter(named);
  if (sources.length + sinks.length === 0) {
    throw new ConnectorError('USAGE', 'the file names no such connector', {
      expected: [...config.sources, ...config.sinks].map((one) => one.name).join(', '),
      found: name,
    });
  }
  return { ...config, sources, sinks };
}
