import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { LoadedConfig } from '../config';
import { ConnectorError } from '../errors';
import { isIncomplete, parseArn } from '../iam/arn';
import { type Permission, PHASES, type Phase } from '../iam/permission';
import { type Facts, permissionsOf } from '../iam/permissions';
import { DEFAULT_PHASES, type IdentityPolicies, inPhases, policiesOf } from '../iam/policies';
import { MAX_POLICIES, MAX_POLICY_SIZE, policySize } from '../iam/policy-document';
import type { CliIo } from './cli-io';
import { EXIT } from './failure';
import { type IamConfig, type IamFlags, withIamConfig } from './iam-session';
import { usage } from './offsets-session';
import { textTable } from './text-table';

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis iam policy -c connectors.yaml --account 123456789012 > policy.json
  $ pulsar-io-kinesis iam policy -c connectors.yaml --phase steady sink
  $ pulsar-io-kinesis iam policy -c connectors.yaml --explain
  $ pulsar-io-kinesis iam policy -c connectors.yaml --phase all --out policies

Phases: first-start (also while there is no lease table or consumer), steady (from then on), sink, offsets (the commands
that move positions), explore (\`streams\`, and the page), migration (\`offsets import --from kcl\`).
The configuration is read and nothing else: no call is made. Several identities (roles that are assumed) have a document
each, one behind the other; with --json they come in one list, with --out in a file each.`;

interface PolicyFlags extends IamFlags {
  readonly phase?: readonly (Phase | 'all')[];
  readonly partition?: string;
  readonly kmsKey?: readonly string[];
  readonly fromTable?: string;
  readonly explain?: boolean;
  readonly out?: string;
}

export function registerIamPolicyCommand(iam: Command, io: CliIo): void {
  iam
    .command('policy')
    .description('print the least policies that the connectors of a configuration run with')
    .requiredOption('-c, --config <file>', 'configuration, YAML or JSON')
    .option('--connector <name>', 'only of this source or sink')
    .addOption(
      new Option('--phase <phase...>', `for what: by default ${DEFAULT_PHASES.join(', ')}`).choices([
        ...PHASES,
        'all',
      ]),
    )
    .option('--account <id>', 'account of the identity that the connectors run as, 12 digits')
    .option(
      '--region <region>',
      'AWS_REGION of the connectors: the region where the configuration names none',
    )
    .option('--partition <partition>', 'for example aws-cn; as the region has it when not given')
    .option('--kms-key <arn...>', 'customer managed keys that the streams are encrypted with')
    .option(
      '--from-table <name>',
      'lease table that `offsets import --from kcl` takes over, for --phase migration',
    )
    .option('--explain', 'print why each action is needed, and by which connector')
    .option('--out <dir>', 'write a file for each document')
    .option(
      '--json',
      'print [{"identity","documents"}]; with --explain [{"action","resources","phases","optional","reason",…}]',
    )
    .addHelpText('after', EXAMPLES)
    .action((flags: PolicyFlags) => withIamConfig(flags, io, (loaded) => printPolicies(loaded, flags, io)));
}

async function printPolicies({ config, secrets }: IamConfig, flags: PolicyFlags, io: CliIo): Promise<void> {
  const phases = phasesOf(flags);
  const permissions = inPhases(
    permissionsOf(config, { ...factsOf(flags), ...(secrets && { secrets }) }),
    phases,
  );
  if (permissions.length === 0) {
    throw new ConnectorError('USAGE', 'nothing is needed of AWS for that', {
      expected: 'a source or a sink of Kinesis, and a phase that concerns it',
      found: phases.join(', '),
    });
  }
  const policies = policiesOf(permissions, phases);
  if (flags.explain === true) {
    io.stdout(flags.json === true ? jsonText(permissions) : explanation(permissions));
  } else if (flags.json === true) {
    io.stdout(jsonText(policies));
  } else if (flags.out === undefined) {
    printDocuments(policies, io);
  }
  if (flags.out !== undefined) {
    await writeDocuments(policies, flags.out, io);
  }
  for (const note of notesOf(config, flags, permissions, policies)) {
    io.stderr(`Note: ${note}\n`);
  }
  io.setExitCode(EXIT.done);
}

function phasesOf({ phase }: PolicyFlags): readonly Phase[] {
  const given = phase ?? DEFAULT_PHASES;
  return PHASES.filter((one) => given.includes('all') || given.includes(one));
}

/** @throws ConnectorError USAGE */
function factsOf({ account, partition, kmsKey, fromTable }: PolicyFlags): Facts {
  for (const key of kmsKey ?? []) {
    if (!parseArn(key)?.resource.startsWith('key/')) {
      throw usage('--kms-key', 'arn:aws:kms:REGION:ACCOUNT:key/ID', key);
    }
  }
  return {
    ...(account !== undefined && { account }),
    ...(partition !== undefined && { partition }),
    ...(kmsKey !== undefined && { kmsKeys: kmsKey }),
    ...(fromTable !== undefined && { otherTable: fromTable }),
  };
}

function printDocuments(policies: readonly IdentityPolicies[], io: CliIo): void {
  for (const { identity, documents } of policies) {
    if (policies.length > 1) {
      io.stderr(`# ${wordsOf(identity)}\n`);
    }
    for (const document of documents) {
      io.stdout(jsonText(document));
    }
  }
}

async function writeDocuments(policies: readonly IdentityPolicies[], out: string, io: CliIo): Promise<void> {
  await mkdir(out, { recursive: true });
  const taken = new Set<string>();
  for (const { identity, documents } of policies) {
    for (const document of documents) {
      const name = freeName(identity?.split('/').at(-1) ?? 'policy', taken);
      const file = join(out, `${name}.json`);
      await writeFile(file, jsonText(document));
      io.stderr(`${file}: ${wordsOf(identity)}\n`);
    }
  }
}

function freeName(text: string, taken: Set<string>): string {
  const name = text.replace(/[^\w+=,.@-]+/g, '-');
  let free = name;
  for (let count = 2; taken.has(free); count++) {
    free = `${name}-${count}`;
  }
  taken.add(free);
  return free;
}

/** What is not in the documents and somebody should know. */
function notesOf(
  config: LoadedConfig,
  { phase, account, fromTable }: PolicyFlags,
  permissions: readonly Permission[],
  policies: readonly IdentityPolicies[],
): string[] {
  const notes: string[] = [];
  const incomplete = permissions.flatMap(({ resources }) => resources).find(isIncomplete);
  if (incomplete !== undefined) {
    const flag = account === undefined ? '--account' : '--region';
    notes.push(`no ${flag.slice(2)} is known, so that * stands in its place (${incomplete}): give ${flag}.`);
  }
  for (const { identity, documents } of policies) {
    const [size = 0] = documents.map(policySize).sort((a, b) => b - a);
    if (documents.length > 1) {
      notes.push(
        `one managed policy takes ${MAX_POLICY_SIZE} characters; ${wordsOf(identity)} needs all of ${documents.length}.`,
      );
    }
    if (documents.length > MAX_POLICIES) {
      notes.push(
        `a role takes ${MAX_POLICIES} managed policies, unless its quota is raised: name its streams by patterns, such as orders-*.`,
      );
    }
    if (size > MAX_POLICY_SIZE) {
      notes.push(
        `a document of ${wordsOf(identity)} has ${size} characters, more than the ${MAX_POLICY_SIZE} of AWS.`,
      );
    }
  }
  if (config.http?.explore.allowed === true && !phase?.some((one) => one === 'explore' || one === 'all')) {
    notes.push(
      'the page may look into streams, as http.explore allows: --phase explore has what that takes.',
    );
  }
  if (phase?.includes('migration') && fromTable === undefined) {
    notes.push(
      '--from-table names the lease table that is read; in place of a KCL application nothing more is needed.',
    );
  }
  return notes;
}

function explanation(permissions: readonly Permission[]): string {
  const identities = [...new Set(permissions.map(({ identity }) => identity))];
  return identities
    .map((identity) => {
      const rows = permissions
        .filter((one) => one.identity === identity)
        .flatMap(({ action, resources, phases, optional, reason, connectors }) =>
          resources.map((resource, index) =>
            index === 0
              ? [action, resource, phases.join(' '), optional ? 'yes' : 'no', reason, connectors.join(' ')]
              : ['', resource],
          ),
        );
      const table = textTable([['action', 'resource', 'when', 'optional', 'why', 'asked for by'], ...rows]);
      return identities.length === 1 ? table : `${wordsOf(identity)}\n${table}`;
    })
    .join('\n');
}

const wordsOf = (identity: string | undefined): string => identity ?? "the process's own identity";

const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
