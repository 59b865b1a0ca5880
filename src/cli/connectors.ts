import type { Command } from 'commander';
import type { LoadedConfig } from '../config';
import type { CliIo } from './cli-io';
import { EXIT, reportFailure } from './failure';
import { loadCliConfig } from './load-config';
import { textTable } from './text-table';

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis connectors list
  $ pulsar-io-kinesis connectors list -c connectors.yaml --json

Without a file: the connectors that are built in, as \`pulsar-admin sources available-sources\` prints them.
With one: those that \`run\` would start.`;

interface ListedConnector {
  readonly kind: 'source' | 'sink';
  readonly name: string;
  readonly className: string;
  readonly instances?: number;
  /** Streams of a source, topics of a sink. */
  readonly from: string;
  readonly to: string;
}

const BUILT_IN: readonly ListedConnector[] = [
  {
    kind: 'source',
    name: 'kinesis',
    className: 'org.apache.pulsar.io.kinesis.KinesisSource',
    from: 'Amazon Kinesis Data Streams',
    to: 'a Pulsar topic',
  },
  {
    kind: 'sink',
    name: 'kinesis',
    className: 'org.apache.pulsar.io.kinesis.KinesisSink',
    from: 'Pulsar topics',
    to: 'an Amazon Kinesis data stream',
  },
];

/** Adds `connectors list`. */
export function registerConnectorsCommands(program: Command, io: CliIo): void {
  program
    .command('connectors')
    .description('which connectors there are')
    .command('list')
    .description('print the connectors that are built in, or those of a file')
    .option('-c, --config <file>', 'configuration, YAML or JSON')
    .option('--json', 'print [{"kind","name","className","instances","from","to"}]')
    .addHelpText('after', EXAMPLES)
    .action(async ({ config, json = false }: { config?: string; json?: boolean }) => {
      try {
        const { signal } = new AbortController();
        const list = config === undefined ? BUILT_IN : listed(await loadCliConfig(config, io, signal));
        io.stdout(json ? `${JSON.stringify(list, null, 2)}\n` : table(list));
        io.setExitCode(EXIT.done);
      } catch (error) {
        reportFailure(error, io);
      }
    });
}

function listed({ sources, sinks }: LoadedConfig): ListedConnector[] {
  return [
    ...sources.map((source) => ({
      kind: 'source' as const,
      name: nameOf(source),
      className: source.className,
      instances: source.parallelism,
      from: words(source.configs.awsKinesisStreamName),
      to: source.topicName,
    })),
    ...sinks.map((sink) => ({
      kind: 'sink' as const,
      name: nameOf(sink),
      className: sink.className,
      instances: sink.parallelism,
      from: [...sink.inputs, ...sink.inputPatterns].join(', '),
      to: words(sink.configs.outputStreamArn ?? sink.configs.awsKinesisStreamName),
    })),
  ];
}

const nameOf = ({ tenant, namespace, name }: { tenant: string; namespace: string; name: string }): string =>
  `${tenant}/${namespace}/${name}`;

const words = (value: unknown): string => [value ?? ''].flat().join(', ');

function table(list: readonly ListedConnector[]): string {
  return textTable([
    ['KIND', 'NAME', 'CLASS', 'INSTANCES', 'FROM', 'TO'],
    ...list.map(({ kind, name, className, instances, from, to }) => [
      kind,
      name,
      className,
      String(instances ?? ''),
      from,
      to,
    ]),
  ]);
}
