import type { Command } from 'commander';
import type { CliIo } from './cli-io';
import { registerIamPolicyCommand } from './iam-policy';
import { registerIamTrustPolicyCommand } from './iam-trust-policy';

/** Adds `iam policy` and `iam trust-policy`. */
export function registerIamCommands(program: Command, io: CliIo): void {
  const iam = program
    .command('iam')
    .description('print what a configuration needs of AWS as policies of IAM; nothing is called');
  registerIamPolicyCommand(iam, io);
  registerIamTrustPolicyCommand(iam, io);
}
