import type { Command } from 'commander';
import { Option } from 'commander';
import { ConnectorError } from '../errors';
import { parseArn } from '../iam/arn';
import type { AssumedRole } from '../iam/identity';
import { rolesOf } from '../iam/permissions';
import {
  accountRoot,
  crossesAccounts,
  issuerOf,
  type Runner,
  roleTrust,
  runnerTrust,
  SERVICE_NAMES,
  type TrustDocument,
  type Trusted,
} from '../iam/trust-policy';
import { systemRandom } from '../util/random';
import type { CliIo } from './cli-io';
import { EXIT } from './failure';
import { type IamConfig, type IamFlags, withIamConfig } from './iam-session';
import { usage } from './offsets-session';

/** Bytes of an external id that is proposed. */
const EXTERNAL_ID_BYTES = 16;

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis iam trust-policy -c connectors.yaml --principal arn:aws:iam::123456789012:role/connectors
  $ pulsar-io-kinesis iam trust-policy -c connectors.yaml --service ecs --account 123456789012
  $ pulsar-io-kinesis iam trust-policy -c connectors.yaml \\
      --web-identity arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE \\
      --subject system:serviceaccount:pulsar:connectors

Prints who may become each role that the configuration assumes: the role before it in the chain, or --principal. With
--service or --web-identity also who may become the role that the process itself runs as. Nothing is called.`;

interface TrustFlags extends IamFlags {
  readonly principal?: string;
  readonly service?: string;
  readonly externalId?: string;
  readonly webIdentity?: string;
  readonly subject?: string;
}

interface RoleTrust {
  /** Undefined: the one that the process runs as. */
  readonly role: string | undefined;
  readonly document: TrustDocument;
}

export function registerIamTrustPolicyCommand(iam: Command, io: CliIo): void {
  iam
    .command('trust-policy')
    .description('print the trust policies of the roles that a configuration assumes')
    .requiredOption('-c, --config <file>', 'configuration, YAML or JSON')
    .option('--connector <name>', 'only of this source or sink')
    .option('--principal <arn>', 'role, user or account that the connectors run as')
    .option('--account <id>', 'account that the connectors run in, 12 digits')
    .addOption(
      new Option('--service <name>', 'where the connectors run')
        .choices(SERVICE_NAMES)
        .conflicts('webIdentity'),
    )
    .option('--web-identity <arn>', 'OpenID Connect provider whose tokens the connectors run with')
    .option('--subject <text>', 'of these tokens, for example system:serviceaccount:NAMESPACE:NAME')
    .option('--external-id <id>', 'external id, for roles that the configuration gives none')
    .option('--json', 'print [{"role","document"}]')
    .addHelpText('after', EXAMPLES)
    .action((flags: TrustFlags) => withIamConfig(flags, io, (loaded) => printTrust(loaded, flags, io)));
}

function printTrust({ config, secrets }: IamConfig, flags: TrustFlags, io: CliIo): void {
  const runner = runnerOf(flags);
  const roles = rolesOf(config, { ...(secrets && { secrets }) });
  const trustedOf = new Map<string, Trusted[]>();
  for (const role of roles) {
    trustedOf.set(role.roleArn, [...(trustedOf.get(role.roleArn) ?? []), trustedBy(role, flags)]);
  }
  const own: RoleTrust[] = runner === undefined ? [] : [{ role: undefined, document: runnerTrust(runner) }];
  const trusts = [
    ...own,
    ...Array.from(trustedOf, ([role, trusted]): RoleTrust => ({ role, document: roleTrust(trusted) })),
  ];
  if (trusts.length === 0) {
    throw new ConnectorError('USAGE', 'the configuration assumes no role', {
      expected:
        'credentials of type assumeRole, or --service or --web-identity for the role of the process itself',
      found: 'neither',
    });
  }
  if (flags.json === true) {
    io.stdout(jsonText(trusts));
  } else {
    for (const { role, document } of trusts) {
      if (trusts.length > 1) {
        io.stderr(`# ${role ?? 'the role that the process runs as'}\n`);
      }
      io.stdout(jsonText(document));
    }
  }
  for (const note of notesOf(roles, flags)) {
    io.stderr(`Note: ${note}\n`);
  }
  io.setExitCode(EXIT.done);
}

/** @throws ConnectorError USAGE */
function runnerOf({ service, account, webIdentity, subject }: TrustFlags): Runner | undefined {
  if (webIdentity !== undefined) {
    if (issuerOf(webIdentity) === undefined) {
      throw usage('--web-identity', 'arn:aws:iam::ACCOUNT:oidc-provider/HOST/PATH', webIdentity);
    }
    if (subject === undefined) {
      throw usage('--web-identity', '--subject beside it', 'none: any token of the provider would do');
    }
    return { type: 'web-identity', providerArn: webIdentity, subject };
  }
  return service === undefined
    ? undefined
    : { type: 'service', service, ...(account !== undefined && { account }) };
}

/** @throws ConnectorError USAGE: nobody is named who could be trusted */
function trustedBy(role: AssumedRole, flags: TrustFlags): Trusted {
  const { roleArn, by } = role;
  const { principal, account, externalId } = flags;
  const { partition = 'aws' } = parseArn(roleArn) ?? {};
  const isRole = by.name?.startsWith('arn:') === true;
  const trusted = isRole ? by.name : (principal ?? (account && accountRoot(account, partition)));
  if (trusted === undefined) {
    throw usage('trust-policy', `--principal or --account: who is to become ${roleArn}`, 'neither');
  }
  return { principal: trusted, externalId: role.externalId ?? externalId };
}

function notesOf(roles: readonly AssumedRole[], flags: TrustFlags): string[] {
  const { externalId } = flags;
  const notes = new Map<string, string>();
  for (const role of roles.filter((one) => one.externalId === undefined)) {
    const { roleArn } = role;
    if (externalId !== undefined) {
      notes.set(roleArn, `set externalId of ${roleArn} to ${externalId} in the configuration as well.`);
    } else if (crossesAccounts(roleArn, trustedBy(role, flags).principal)) {
      const proposed = systemRandom.hex(EXTERNAL_ID_BYTES);
      notes.set(
        roleArn,
        `${roleArn} has no external id, by which its owner tells you from others who ask in your name: --external-id ${proposed} is one.`,
      );
    }
  }
  return [...notes.values()];
}

const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
