import { type Command, InvalidArgumentError } from 'commander';
import { type Emulator, SHARD_READ_LIMITS, SHARD_WRITE_LIMITS, startEmulator } from '../emulator';
import { createPinoLogger } from '../runtime/pino-logger';
import type { CliIo } from './cli-io';
import { attachPolicies, type NamedFile, policyOption, putSecrets, secretOption } from './emulator-access';
import { usage } from './offsets-session';
import { stopOnSignals } from './stop-signals';

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis emulator --stream orders:4
  $ pulsar-io-kinesis emulator --kinesis-port 4567 --dynamodb-port 4568 --stream orders:4 --stream clicks:1
  $ aws --endpoint-url http://127.0.0.1:4567 --no-sign-request kinesis list-shards --stream-name orders
  $ pulsar-io-kinesis emulator --stream orders:4 --secret pulsar-token=token.txt
  $ pulsar-io-kinesis emulator --stream orders:4 --region eu-central-1 --account 123456789012 --policy policy.json

With --policy every call is held against policies, as AWS does, and refused unless they allow it. They are those of
everybody, or of one access key (ACCESS_KEY_ID=FILE), or of a role, which anybody may assume (ROLE_ARN=FILE). A policy names
region and account: --region and --account have to be those that it names.

Every port answers HTTP/1.1 and HTTP/2 without TLS (h2c with prior knowledge), JSON and, for Kinesis, CBOR;
SubscribeToShard streams its events over both. Signatures are not checked.
It keeps everything in memory, listens on 127.0.0.1 only, and ends with Ctrl-C.`;

interface StreamSpec {
  readonly name: string;
  readonly shards: number;
}

interface EmulatorFlags {
  readonly kinesisPort: number;
  readonly dynamodbPort?: number;
  readonly region: string;
  readonly account: string;
  readonly stream: readonly StreamSpec[];
  readonly secret: readonly NamedFile[];
  readonly policy: readonly NamedFile[];
  readonly writeLimits?: boolean;
  readonly readLimits?: boolean;
  readonly cbor: boolean;
  readonly checkSignatureTime?: boolean;
  readonly separateRegions?: boolean;
  readonly json?: boolean;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError('expected a port, 0 (any free one) to 65535.');
  }
  return value;
}

function region(text: string): string {
  if (!/^[a-z]{2,}(-[a-z]+)+-\d+$/.test(text)) {
    throw new InvalidArgumentError('expected a region, for example eu-central-1.');
  }
  return text;
}

function account(text: string): string {
  if (!/^\d{12}$/.test(text)) {
    throw new InvalidArgumentError('expected 12 digits.');
  }
  return text;
}

function streamSpec(text: string, before: readonly StreamSpec[]): StreamSpec[] {
  const [name = '', count = '1', ...rest] = text.split(':');
  const shards = Number(count);
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(name) || !Number.isInteger(shards) || shards < 1 || rest.length > 0) {
    throw new InvalidArgumentError('expected NAME or NAME:SHARDS, for example orders:4.');
  }
  return [...before, { name, shards }];
}

export function registerEmulatorCommand(program: Command, io: CliIo): void {
  program
    .command('emulator')
    .description(
      'run Kinesis, DynamoDB, CloudWatch, STS and Secrets Manager in memory, for trying things out and for tests',
    )
    .option('--kinesis-port <port>', 'port; 0 takes any free one', port, 4567)
    .option(
      '--dynamodb-port <port>',
      'a port of its own for DynamoDB; it shares that of the others without it',
      port,
    )
    .option('--region <region>', 'region of its streams, tables and secrets', region, 'us-east-1')
    .option('--account <id>', 'account of these, 12 digits', account, '000000000000')
    .option('--stream <name:shards>', 'create a stream; may be given several times', streamSpec, [])
    .option('--secret <name=file>', 'create a secret; may be given several times', secretOption, [])
    .option(
      '--policy <[who=]file>',
      'enforce policies, such as `iam policy` prints; may be given several times',
      policyOption,
      [],
    )
    .option('--write-limits', 'refuse what a shard of AWS would: over 1,000 records/s or 1 MiB/s a shard')
    .option('--read-limits', 'the same for reads: over 5 calls/s or 2 MiB/s a shard')
    .option('--no-cbor', 'refuse CBOR, as endpoints do that know JSON alone')
    .option('--check-signature-time', 'refuse requests signed more than five minutes off this clock')
    .option('--separate-regions', 'a name means a stream of the region that signs; without it all are one')
    .option('--json', 'print {"kinesis","dynamodb","cloudwatch","sts","secretsManager","streams"} when ready')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: EmulatorFlags) => {
      const emulator = await startEmulator({
        kinesisPort: flags.kinesisPort,
        ...(flags.dynamodbPort === undefined ? {} : { dynamodbPort: flags.dynamodbPort }),
        region: flags.region,
        account: flags.account,
        ...(flags.writeLimits && { writeLimits: SHARD_WRITE_LIMITS }),
        ...(flags.readLimits && { readLimits: SHARD_READ_LIMITS }),
        cbor: flags.cbor,
        ...(flags.checkSignatureTime && { checkSignatureTime: true }),
        regionsApart: flags.separateRegions ?? false,
      }).catch(portTaken);
      for (const { name, shards } of flags.stream) {
        emulator.kinesis.call('CreateStream', { StreamName: name, ShardCount: shards });
      }
      try {
        await putSecrets(emulator, flags.secret);
        await attachPolicies(emulator, flags.policy);
      } catch (error) {
        await emulator.close();
        throw error;
      }
      io.stdout(flags.json ? asJson(emulator, flags.stream) : asText(emulator, flags.stream));
      const { stop, done } = stopOnSignals(0, createPinoLogger('warn'));
      await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
      await emulator.close();
      done();
    });
}

/** @throws ConnectorError USAGE when somebody has the port already, else the error itself */
function portTaken(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  throw code === 'EADDRINUSE' || code === 'EACCES'
    ? usage('--kinesis-port or --dynamodb-port', 'a port that may be opened; 0 takes any free one', message)
    : error;
}

function asJson(emulator: Emulator, streams: readonly StreamSpec[]): string {
  const { kinesisEndpoint: kinesis, dynamodbEndpoint: dynamodb } = emulator;
  const ready = { kinesis, dynamodb, cloudwatch: kinesis, sts: kinesis, secretsManager: kinesis, streams };
  return `${JSON.stringify(ready)}\n`;
}

function asText(emulator: Emulator, streams: readonly StreamSpec[]): string {
  const lines = [
    `Kinesis          ${emulator.kinesisEndpoint}`,
    `DynamoDB         ${emulator.dynamodbEndpoint}`,
    `CloudWatch       ${emulator.kinesisEndpoint}`,
    `STS              ${emulator.kinesisEndpoint}`,
    `Secrets Manager  ${emulator.kinesisEndpoint}`,
  ];
  lines.push(
    ...streams.map(
      ({ name, shards }) => `stream           ${name} (${shards} ${shards === 1 ? 'shard' : 'shards'})`,
    ),
  );
  return `${lines.join('\n')}\nReady; Ctrl-C ends it.\n`;
}
