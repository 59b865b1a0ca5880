import type { Command } from 'commander';
import { type ConnectorKind, type LoadedConfig, readConfigDocument } from '../config';
import { setIn } from '../config/tree';
import { ConnectorError } from '../errors';
import { loadConfigDocument } from '../runtime/load-config';
import type { CliIo } from './cli-io';
import { PULSAR_FLAGS, type PulsarFlags, pulsarOverrides } from './pulsar-flags';
import { runConfig } from './run';

/** A flag of pulsar-admin, the field of the SourceConfig or SinkConfig that it sets, and its help. */
export type LocalRunFlag = readonly [
  flag: string,
  /** `resources.cpu` is `cpu` within `resources`. */
  field: string,
  help: string,
  /** What the field holds; the text itself when absent. */
  read?: (text: string, flag: string) => unknown,
];

/** `localrun` of one kind of connector. */
export interface LocalRun {
  readonly kind: ConnectorKind;
  /** What `--until-caught-up` waits for. */
  readonly untilCaughtUp: string;
  readonly examples: string;
  readonly flags: readonly LocalRunFlag[];
}

/** Flags that sources and sinks share. Source: Pulsar CmdSources, CmdSinks. */
export const COMMON_FLAGS: readonly LocalRunFlag[] = [
  ['--tenant <name>', 'tenant', 'tenant of the connector'],
  ['--namespace <name>', 'namespace', 'namespace of the connector'],
  ['--name <name>', 'name', 'name of the connector'],
  ['--classname <class>', 'className', 'class of the connector'],
  ['--parallelism <n>', 'parallelism', 'instances in this process'],
  ['--secrets <json>', 'secrets', 'secrets by name', json],
  ['-a, --archive <path>', 'archive', 'accepted for compatibility'],
  ['--cpu <cores>', 'resources.cpu', 'accepted for compatibility'],
  ['--ram <bytes>', 'resources.ram', 'accepted for compatibility'],
  ['--disk <bytes>', 'resources.disk', 'accepted for compatibility'],
  ['--log-topic <topic>', 'logTopic', 'accepted for compatibility'],
  ['--runtime-flags <flags>', 'runtimeFlags', 'accepted for compatibility'],
  ['--custom-runtime-options <options>', 'customRuntimeOptions', 'accepted for compatibility'],
];

/** @throws ConnectorError USAGE, without the text: it may hold secrets (G9). */
export function json(text: string, flag: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConnectorError('USAGE', `the value of ${flag} cannot be read`, {
      expected: 'JSON',
      found: 'something else',
    });
  }
}

interface Flags extends PulsarFlags {
  readonly [flag: string]: unknown;
  readonly untilCaughtUp?: boolean;
  /** Of sinks only; the text when a value was given. */
  readonly cleanupSubscription?: boolean | string;
}

/** Adds `localrun` to `parent`. */
export function registerLocalRun(parent: Command, run: LocalRun, io: CliIo): void {
  const { kind, flags, examples, untilCaughtUp } = run;
  const title = kind === 'source' ? 'SourceConfig' : 'SinkConfig';
  const command = parent
    .command('localrun')
    .description(`run one ${kind} in this process, from a Pulsar ${title}`)
    .option(`--${kind}-config-file <file>`, `${title}, YAML or JSON`)
    .option('--until-caught-up', untilCaughtUp)
    .addHelpText(
      'after',
      `\nThe flags are those of "pulsar-admin ${kind}s localrun"; a flag goes before the same field of the file.\n${examples}`,
    );
  for (const [flag, help] of PULSAR_FLAGS) {
    command.option(flag, help);
  }
  for (const [flag, , help] of flags) {
    command.option(flag, help);
  }
  command.action((given: Flags) => {
    const load = async (signal: AbortSignal): Promise<LoadedConfig> => {
      const file = given[`${kind}ConfigFile`];
      const inFile = typeof file === 'string' ? await readConfigDocument(file) : {};
      const raw = flags.reduce((config, flag) => withFlag(config, flag, given), inFile);
      return loadConfigDocument(raw, typeof file === 'string' ? file : 'command line', {
        env: io.env,
        signal,
        overrides: pulsarOverrides(given),
        kind,
      });
    };
    const how = {
      untilCaughtUp: given.untilCaughtUp ?? false,
      unsubscribe: given.cleanupSubscription === true,
    };
    return runConfig(load, how, io);
  });
}

type RawConfig = Awaited<ReturnType<typeof readConfigDocument>>;

function withFlag(config: RawConfig, [flag, field, , read]: LocalRunFlag, given: Flags): RawConfig {
  const value = given[optionName(flag)];
  if (value === undefined) {
    return config;
  }
  const long = /--[a-z-]+/.exec(flag)?.[0] ?? flag;
  return setIn(config, field.split('.'), read === undefined ? value : read(String(value), long)) as RawConfig;
}

/** The name under which commander keeps `--some-flag <value>`. */
function optionName(flag: string): string {
  const long = /--([a-z-]+)/.exec(flag)?.[1] ?? '';
  return long.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
