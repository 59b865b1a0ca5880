import type { Command } from 'commander';
import type { CliIo } from './cli-io';
import { COMMON_FLAGS, json, type LocalRunFlag, registerLocalRun } from './localrun';

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis sinks localrun --sink-config-file kinesis-sink.json --broker-service-url pulsar://localhost:6650
  $ pulsar-io-kinesis sinks localrun --name exports --inputs orders,payments --subs-position Earliest \\
      --sink-config '{"awsRegion":"eu-west-1","awsKinesisStreamName":"exports"}'
  $ pulsar-io-kinesis sinks localrun --name once --inputs orders --subs-position Earliest --until-caught-up \\
      --cleanup-subscription --sink-config '{"awsRegion":"eu-west-1","awsKinesisStreamName":"exports"}'`;

/** Flags of sinks only. Source: Pulsar CmdSinks. */
const FLAGS: readonly LocalRunFlag[] = [
  ['-i, --inputs <topics>', 'inputs', 'topics the messages come from, separated by commas', list],
  ['--sink-config <json>', 'configs', 'configuration of the connector', json],
  ['-t, --sink-type <type>', 'sinkType', 'built-in sink'],
  [
    '--subs-name <name>',
    'sourceSubscriptionName',
    'subscription; <tenant>/<namespace>/<name> when not given',
  ],
  [
    '--subs-position <position>',
    'sourceSubscriptionPosition',
    'where a new subscription begins: Latest, Earliest',
  ],
  [
    '--processing-guarantees <guarantees>',
    'processingGuarantees',
    'ATLEAST_ONCE, ATMOST_ONCE, or EFFECTIVELY_ONCE (Failover, at least once)',
  ],
  ['--retain-ordering [boolean]', 'retainOrdering', 'read in order, on a Failover subscription'],
  [
    '--retain-key-ordering [boolean]',
    'retainKeyOrdering',
    'read in order per key, on a Key_Shared subscription',
  ],
  ['--timeout-ms <ms>', 'timeoutMs', 'time until a message not acknowledged is delivered again'],
  [
    '--negative-ack-redelivery-delay-ms <ms>',
    'negativeAckRedeliveryDelayMs',
    'time until a message that failed is delivered again',
  ],
  ['--max-redeliver-count <n>', 'maxMessageRetries', 'redeliveries before the dead-letter topic'],
  ['--dead-letter-topic <topic>', 'deadLetterTopic', 'topic for messages that cannot be stored'],
  ['--input-specs <json>', 'inputSpecs', 'settings of single inputs, by topic', json],
  [
    '--custom-schema-inputs <json>',
    'topicToSchemaType',
    'schema of messages that carry none, by topic',
    json,
  ],
  [
    '--cleanup-subscription [boolean]',
    'cleanupSubscription',
    'delete the subscription after a drained end',
    // Not set means true, and a configuration that sets it is told what a stop does not do.
    (text) => (text === 'true' ? null : text),
  ],
  ['--auto-ack <boolean>', 'autoAck', 'true'],
  ['--custom-serde-inputs <json>', 'topicToSerdeClassName', 'not supported, see the message', json],
  ['--topics-pattern <pattern>', 'topicsPattern', 'not available yet, see the message'],
  ['--transform-function <archive>', 'transformFunction', 'not supported, see the message'],
  ['--transform-function-classname <class>', 'transformFunctionClassName', 'not supported, see the message'],
  ['--transform-function-config <json>', 'transformFunctionConfig', 'not supported, see the message'],
];

export function registerSinksCommands(program: Command, io: CliIo): void {
  const sinks = program.command('sinks').description('run a sink as pulsar-admin would');
  registerLocalRun(
    sinks,
    {
      kind: 'sink',
      untilCaughtUp: 'end once everything that is in the topics now is stored',
      examples: EXAMPLES,
      flags: [...COMMON_FLAGS, ...FLAGS],
    },
    io,
  );
}

/** The topics of `a,b`. */
function list(text: string): string[] {
  return text.split(',').map((topic) => topic.trim());
}
