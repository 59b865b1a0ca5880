import type { Command } from 'commander';
import { loadConfigObject, readConfigDocument } from '../config';
import { ConnectorError } from '../errors';
import type { CliIo } from './cli-io';
import { reportFailure } from './failure';
import { runConfig } from './run';

const EXAMPLES = `
The flags are those of "pulsar-admin sources localrun"; a flag goes before the same field of the file.

Examples:
  $ pulsar-io-kinesis sources localrun --source-config-file kinesis-source.json --broker-service-url pulsar://localhost:6650
  $ pulsar-io-kinesis sources localrun --name orders --destination-topic-name orders \\
      --source-config '{"awsRegion":"eu-west-1","awsKinesisStreamName":"orders","awsCredentialPluginParam":""}'`;

/** Flags of pulsar-admin that set one text field of the SourceConfig. Source: Pulsar CmdSources. */
const TEXT_FLAGS = [
  ['--tenant <name>', 'tenant', 'tenant of the source'],
  ['--namespace <name>', 'namespace', 'namespace of the source'],
  ['--name <name>', 'name', 'name of the source'],
  ['--destination-topic-name <topic>', 'topicName', 'topic the records go to'],
  ['--processing-guarantees <guarantees>', 'processingGuarantees', 'ATLEAST_ONCE or ATMOST_ONCE'],
  ['--schema-type <type>', 'schemaType', 'schema of the topic'],
  ['--deserialization-classname <class>', 'serdeClassName', 'accepted for compatibility'],
  ['--classname <class>', 'className', 'class of the source'],
  ['-t, --source-type <type>', 'sourceType', 'built-in source'],
  ['-a, --archive <path>', 'archive', 'accepted for compatibility'],
  ['--batch-builder <builder>', 'batchBuilder', 'DEFAULT'],
  ['--log-topic <topic>', 'logTopic', 'accepted for compatibility'],
  ['--runtime-flags <flags>', 'runtimeFlags', 'accepted for compatibility'],
  ['--custom-runtime-options <options>', 'customRuntimeOptions', 'accepted for compatibility'],
] as const;

/** Flags that set a field by a JSON object or number. */
const JSON_FLAGS = [
  ['--source-config <json>', 'configs', 'configuration of the connector'],
  ['--producer-config <json>', 'producerConfig', 'configuration of the producer'],
  ['--batch-source-config <json>', 'batchSourceConfig', 'not supported, see the message'],
  ['--secrets <json>', 'secrets', 'secrets by name'],
  ['--parallelism <n>', 'parallelism', 'instances'],
] as const;

interface LocalRunFlags {
  readonly [flag: string]: unknown;
  readonly sourceConfigFile?: string;
  readonly brokerServiceUrl?: string;
  readonly clientAuthPlugin?: string;
  readonly clientAuthParams?: string;
  readonly untilCaughtUp?: boolean;
}

/** @throws ConnectorError USAGE, without the text: it may hold secrets (G9). */
function json(flag: string, text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    throw new ConnectorError('USAGE', `the value of ${flag} cannot be read`, {
      expected: 'JSON',
      found: 'something else',
    });
  }
}

/** The name under which commander keeps `--some-flag <value>`. */
function optionName(flag: string): string {
  const long = /--([a-z-]+)/.exec(flag)?.[1] ?? '';
  return long.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function registerSourcesCommands(program: Command, io: CliIo): void {
  const sources = program.command('sources').description('run a source as pulsar-admin would');
  const localrun = sources
    .command('localrun')
    .description('run one source in this process, from a Pulsar SourceConfig')
    .option('--source-config-file <file>', 'SourceConfig, YAML or JSON')
    .option('--broker-service-url <url>', 'Pulsar; pulsar://localhost:6650 when nothing else says')
    .option('--client-auth-plugin <class>', 'org.apache.pulsar.client.impl.auth.AuthenticationToken')
    .option('--client-auth-params <params>', 'token:TEXT or file:///PATH')
    .option('--until-caught-up', 'end once everything that is in the stream now is delivered')
    .addHelpText('after', EXAMPLES);
  for (const [flag, , help] of TEXT_FLAGS) {
    localrun.option(flag, help);
  }
  for (const [flag, , help] of JSON_FLAGS) {
    localrun.option(flag, help);
  }
  localrun.action(async (flags: LocalRunFlags) => {
    try {
      const file = flags.sourceConfigFile;
      const given = file === undefined ? {} : await readConfigDocument(file);
      const raw = { ...given, ...fieldsOf(flags) };
      const config = loadConfigObject(raw, file ?? 'command line', {
        env: io.env,
        overrides: pulsarOf(flags),
      });
      await runConfig(config, flags.untilCaughtUp ?? false, io);
    } catch (error) {
      reportFailure(error, io);
    }
  });
}

/** What flags set of the SourceConfig. */
function fieldsOf(flags: LocalRunFlags): { [field: string]: unknown } {
  const text = TEXT_FLAGS.map(([flag, field]) => [field, flags[optionName(flag)]] as const);
  const parsed = JSON_FLAGS.map(([flag, field]) => {
    const value = flags[optionName(flag)];
    return [field, value === undefined ? undefined : json(flag.replace(/ .*/, ''), value)] as const;
  });
  return Object.fromEntries([...text, ...parsed].filter(([, value]) => value !== undefined));
}

/** Connection settings of flags, as paths of a configuration file. */
function pulsarOf(flags: LocalRunFlags): { [path: string]: unknown } {
  const { brokerServiceUrl, clientAuthPlugin, clientAuthParams } = flags;
  const overrides: { [path: string]: unknown } = { 'pulsar.serviceUrl': brokerServiceUrl };
  if (clientAuthPlugin !== undefined) {
    overrides['pulsar.authentication'] = tokenOf(clientAuthPlugin, clientAuthParams ?? '');
  }
  return overrides;
}

function tokenOf(plugin: string, params: string): unknown {
  if (!/(^|\.)AuthenticationToken$|^token$/.test(plugin)) {
    // Left to the schema, which says what is available.
    return { type: plugin };
  }
  return params.startsWith('file://')
    ? { type: 'token', tokenFile: new URL(params).pathname }
    : { type: 'token', token: params.replace(/^token:/, '') };
}
