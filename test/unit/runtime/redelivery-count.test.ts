import { RedeliveryCount } from '../../../src/runtime/redelivery-count';
import { received } from '../../support/scripted-consumer';

describe('redelivery count', () => {
  test.each(['Shared', 'Key_Shared'] as const)("on %s it is the broker's", (type) => {
    const count = new RedeliveryCount(type, true);
    const message = received('1', { redeliveryCount: 7 });
    count.refused(message);
    expect(count.of(message)).toBe(7);
  });

  test.each(['Failover', 'Exclusive'] as const)('on %s it is that of the refusals here', (type) => {
    const count = new RedeliveryCount(type, true);
    count.refused(received('1'));
    count.refused(received('2'));
    count.refused(received('1'));
    expect(['1', '2', '3'].map((id) => count.of(received(id)))).toEqual([2, 1, 0]);
    count.settled(received('1'));
    expect(count.of(received('1'))).toBe(0);
  });

  it('remembers a bounded number of messages, the newest', () => {
    const count = new RedeliveryCount('Failover', true);
    for (let i = 0; i <= 10_000; i++) {
      count.refused(received(`${i}`));
    }
    expect(['0', '1', '10000'].map((id) => count.of(received(id)))).toEqual([0, 1, 1]);
  });

  it('remembers nothing when nobody asks', () => {
    const count = new RedeliveryCount('Failover', false);
    count.refused(received('1'));
    expect(count.of(received('1'))).toBe(0);
  });
});
