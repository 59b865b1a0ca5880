import type { Command } from 'commander';
import type { CliIo } from './cli-io';
import { COMMON_FLAGS, json, type LocalRunFlag, registerLocalRun } from './localrun';

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis sources localrun --source-config-file kinesis-source.json --broker-service-url pulsar://localhost:6650
  $ pulsar-io-kinesis sources localrun --name orders --destination-topic-name orders \\
      --source-config '{"awsRegion":"eu-west-1","awsKinesisStreamName":"orders","awsCredentialPluginParam":""}'`;

/** Flags of sources only. Source: Pulsar CmdSources. */
const FLAGS: readonly LocalRunFlag[] = [
  ['--destination-topic-name <topic>', 'topicName', 'topic the records go to'],
  ['--source-config <json>', 'configs', 'configuration of the connector', json],
  ['-t, --source-type <type>', 'sourceType', 'built-in source'],
  ['--processing-guarantees <guarantees>', 'processingGuarantees', 'ATLEAST_ONCE or ATMOST_ONCE'],
  ['--producer-config <json>', 'producerConfig', 'configuration of the producer', json],
  ['--schema-type <type>', 'schemaType', 'schema of the topic'],
  ['--batch-builder <builder>', 'batchBuilder', 'DEFAULT'],
  ['--deserialization-classname <class>', 'serdeClassName', 'accepted for compatibility'],
  ['--batch-source-config <json>', 'batchSourceConfig', 'not supported, see the message', json],
];

export function registerSourcesCommands(program: Command, io: CliIo): void {
  const sources = program.command('sources').description('run a source as pulsar-admin would');
  registerLocalRun(
    sources,
    {
      kind: 'source',
      untilCaughtUp: 'end once everything that is in the stream now is delivered',
      examples: EXAMPLES,
      flags: [...COMMON_FLAGS, ...FLAGS],
    },
    io,
  );
}
