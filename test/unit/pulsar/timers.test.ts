import { KeepAlive } from '../../../src/pulsar/protocol/keep-alive';
import { PendingRequests } from '../../../src/pulsar/protocol/pending-requests';
import { ProtocolError } from '../../../src/pulsar/protocol/protocol-error';
import { ReceiptWatch } from '../../../src/pulsar/protocol/receipt-watch';
import { ManualClock } from '../../support/manual-clock';

describe('keep-alive', () => {
  function start(): { clock: ManualClock; keepAlive: KeepAlive; events: string[] } {
    const clock = new ManualClock();
    const events: string[] = [];
    const push = (event: string) => () => events.push(event);
    const keepAlive = new KeepAlive(clock, 1000, push('ping'), push('dead'));
    keepAlive.start();
    return { clock, keepAlive, events };
  }

  test('a peer that is silent from one ping to the next is dead', async () => {
    const { clock, events } = start();
    await clock.advance(1000);
    expect(events).toEqual(['ping']);
    await clock.advance(999);
    expect(events).toEqual(['ping']);
    await clock.advance(5000);
    expect(events).toEqual(['ping', 'dead']);
  });

  test('anything heard keeps it alive', async () => {
    const { clock, keepAlive, events } = start();
    for (let i = 0; i < 4; i++) {
      await clock.advance(1000);
      keepAlive.heard();
    }
    expect(events).toEqual(['ping', 'ping', 'ping', 'ping']);
  });

  test('stopped, it leaves no timer', () => {
    const { clock, keepAlive } = start();
    keepAlive.stop();
    expect(clock.pending).toBe(0);
  });
});

describe('receipt watch', () => {
  test('receipts that keep coming are never overdue, silence is', async () => {
    const clock = new ManualClock();
    let expired = 0;
    const watch = new ReceiptWatch(clock, 1000, () => expired++);
    watch.progress(true);
    for (let i = 0; i < 10; i++) {
      await clock.advance(900);
      watch.progress(true);
    }
    await clock.advance(999);
    expect(expired).toBe(0);
    await clock.advance(1);
    expect(expired).toBe(1);
  });

  test('with nothing unconfirmed it never expires', async () => {
    const clock = new ManualClock();
    const watch = new ReceiptWatch(clock, 1000, () => {
      throw new Error('expired');
    });
    watch.progress(true);
    watch.progress(false);
    await clock.advance(10_000);
    expect(clock.pending).toBe(0);
  });

  test('0 means never', async () => {
    const clock = new ManualClock();
    new ReceiptWatch(clock, 0, () => undefined).progress(true);
    expect(clock.pending).toBe(0);
  });
});

describe('pending requests', () => {
  test('an answer goes to its own request, whatever the order', async () => {
    const requests = new PendingRequests(new ManualClock(), 1000);
    const [first, second] = [requests.open('closeProducer'), requests.open('subscribe')];
    const body = (requestId: number) => ({ name: 'success' as const, body: { requestId } });
    expect(requests.resolve(second.requestId, body(second.requestId))).toBe(true);
    expect(requests.reject(first.requestId, new ProtocolError('busy', 'x'))).toBe(true);
    await expect(second.answer).resolves.toEqual(body(second.requestId));
    await expect(first.answer).rejects.toMatchObject({ kind: 'busy' });
  });

  test('an answer to something else is none', async () => {
    const requests = new PendingRequests(new ManualClock(), 1000);
    const { requestId, answer } = requests.open('producer');
    expect(requests.settle({ name: 'success', body: { requestId } })).toBe(true);
    await expect(answer).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'success in answer to producer',
    });
  });

  test('one without answer fails after its time-out, and its late answer belongs to nobody', async () => {
    const clock = new ManualClock();
    const requests = new PendingRequests(clock, 1000);
    const { requestId, answer } = requests.open('lookupTopic');
    const outcome = expect(answer).rejects.toMatchObject({ kind: 'unavailable' });
    await clock.advance(1000);
    await outcome;
    expect(requests.resolve(requestId, { name: 'success', body: { requestId } })).toBe(false);
  });

  test('when the connection ends every request fails and no timer stays', async () => {
    const clock = new ManualClock();
    const requests = new PendingRequests(clock, 1000);
    const answers = [requests.open('subscribe').answer, requests.open('producer').answer];
    const outcome = Promise.allSettled(answers);
    requests.rejectAll(new ProtocolError('unavailable', 'gone'));
    expect((await outcome).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(clock.pending).toBe(0);
  });
});
