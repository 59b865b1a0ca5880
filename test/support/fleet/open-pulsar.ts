import { BrokerPulsar, type BrokerPulsarParts } from './broker-pulsar';
import { TOPIC } from './fleet-config';
import type { FleetPlan } from './fleet-plan';
import type { FleetPulsar } from './fleet-pulsar';
import { MemoryPulsar } from './memory-pulsar';

/** What a fleet sends to, as its plan has it. */
export function openPulsar(
  { pulsar: plan, sendMs, latencyMs }: FleetPlan,
  parts: Omit<BrokerPulsarParts, 'plan' | 'topic' | 'sendMs' | 'latencyMs'>,
): FleetPulsar {
  if (plan === undefined) {
    const { clock, random, records, lanes } = parts;
    return new MemoryPulsar({
      clock,
      random,
      sendMs,
      stored: (lane, { value }) => lanes.stored(lane, records.ofPayload(value)),
    });
  }
  return new BrokerPulsar({
    ...parts,
    plan,
    topic: `persistent://public/default/${TOPIC}`,
    sendMs,
    latencyMs,
  });
}
