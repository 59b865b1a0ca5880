import { ConnectorError } from '../../../src/errors';
import {
  CONSUMER_EVENTS,
  CONSUMER_STATES,
  nextConsumerState,
  type StopReason,
  strongerReason,
} from '../../../src/source/consumer-states';

/** DESIGN §6, written out; '-' is illegal. Columns in the order of CONSUMER_EVENTS. */
const TABLE: { readonly [state: string]: string } = {
  WAITING_ON_PARENTS: 'INITIALIZING SHUTTING_DOWN - SHUTTING_DOWN SHUTTING_DOWN SHUTTING_DOWN',
  INITIALIZING: 'PROCESSING SHUTTING_DOWN SHUTTING_DOWN SHUTTING_DOWN SHUTTING_DOWN SHUTTING_DOWN',
  PROCESSING: 'PROCESSING SHUTTING_DOWN DRAINING DRAINING SHUTTING_DOWN SHUTTING_DOWN',
  DRAINING: 'SHUTTING_DOWN SHUTTING_DOWN DRAINING DRAINING SHUTTING_DOWN SHUTTING_DOWN',
  SHUTTING_DOWN: 'COMPLETE SHUTTING_DOWN SHUTTING_DOWN SHUTTING_DOWN SHUTTING_DOWN SHUTTING_DOWN',
  COMPLETE: '- COMPLETE - COMPLETE COMPLETE COMPLETE',
};

describe('shard consumer states', () => {
  it('the design names the outcome of every state and event', () => {
    expect(Object.keys(TABLE)).toEqual([...CONSUMER_STATES]);
    for (const state of CONSUMER_STATES) {
      const expected = (TABLE[state] as string).split(' ');
      CONSUMER_EVENTS.forEach((event, index) => {
        if (expected[index] === '-') {
          expect(() => nextConsumerState(state, event)).toThrow(ConnectorError);
        } else {
          expect(`${state} + ${event} = ${nextConsumerState(state, event)}`).toBe(
            `${state} + ${event} = ${expected[index]}`,
          );
        }
      });
    }
  });

  it('a reason is only replaced by a stronger one', () => {
    const weakToStrong: StopReason[] = ['REQUESTED', 'SHARD_END', 'FAILED', 'LEASE_LOST'];
    weakToStrong.forEach((weaker, i) => {
      expect(strongerReason(undefined, weaker)).toBe(weaker);
      for (const stronger of weakToStrong.slice(i)) {
        expect(strongerReason(weaker, stronger)).toBe(stronger);
        expect(strongerReason(stronger, weaker)).toBe(stronger);
      }
    });
  });
});
