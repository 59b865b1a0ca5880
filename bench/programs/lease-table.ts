import { startEmulator } from '../../src/emulator';
import { systemClock } from '../../src/util/clock';
import { say } from './program';
import { RenewalGaps } from './renewal-gaps';

/** What it says first. */
export interface LeaseTableAddress {
  readonly dynamodb: string;
}

/** What it says each second from then on. */
export interface SeenRenewals {
  /** Written so far. */
  readonly leases: number;
  /** Longest time between two writes of one lease that went on since it was said before, milliseconds; 0 = none. */
  readonly longestGap: number;
}

const SAY_MS = 1_000;

/** The emulated DynamoDB alone, so that nothing that Kinesis does delays it, and how regularly leases are renewed in it. */
async function main(): Promise<void> {
  const { dynamodbEndpoint: dynamodb, faults } = await startEmulator();
  const gaps = new RenewalGaps(systemClock);
  faults.add({
    operation: 'UpdateItem',
    fault: { kind: 'latency', ms: 0, applied: true },
    when: (input) => gaps.written(input),
  });
  const address: LeaseTableAddress = { dynamodb };
  say(address);
  const tell = (): void => {
    const seen: SeenRenewals = { leases: gaps.leases, longestGap: gaps.longest() };
    say(seen);
    systemClock.setTimer(tell, SAY_MS);
  };
  tell();
}

void main();
