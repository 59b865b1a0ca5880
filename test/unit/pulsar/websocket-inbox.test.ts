import { WebSocketInbox, type WebSocketInboxParts } from '../../../src/pulsar/websocket-inbox';
import { ManualClock } from '../../support/manual-clock';
import { messageIdOf } from '../../support/websocket-message-ids';

const clock = new ManualClock();

function inboxWith(extra: Partial<WebSocketInboxParts> = {}) {
  const told: string[] = [];
  const inbox = new WebSocketInbox({
    clock,
    topic: 'persistent://public/default/orders',
    receiverQueueSize: 20,
    receiverQueueBytes: 1024 * 1024 * 1024,
    negativeAckRedeliveryDelayMs: 1000,
    shared: false,
    tell: (command) => told.push(`${command.type} ${'messageId' in command ? command.messageId : ''}`.trim()),
    arrived: () => told.push('arrived'),
    ...extra,
  });
  const come = (messageId: string): void =>
    inbox.delivered({ messageId, payload: Buffer.from(messageId).toString('base64') }, 100);
  const batch = (entry: number, size: number): string[] =>
    Array.from({ length: size }, (_, index) => messageIdOf(entry, { index, size }));
  return { inbox, told, come, batch };
}

const wires = (messages: readonly { readonly messageId: { readonly wire: string } }[]): string[] =>
  messages.map(({ messageId }) => messageId.wire);

test('a pause in the middle of a batch asks for its rest, hands out that and nothing else', () => {
  const { inbox, come, batch } = inboxWith();
  const [first, second, third, fourth] = batch(1, 4) as [string, string, string, string];
  come(first);
  come(second);
  expect(wires(inbox.take(1))).toEqual([first]);
  inbox.pause();
  expect(inbox.torn).toBe(true);
  expect(inbox.grant()).toBe(2);
  expect(inbox.grant()).toBe(0);
  for (const wire of [third, fourth, messageIdOf(2)]) {
    come(wire);
  }
  expect(inbox.torn).toBe(false);
  expect(wires(inbox.take(10))).toEqual([second, third, fourth]);
  expect(inbox.grant()).toBe(0);
});

test('a pause between batches hands out nothing more', () => {
  const { inbox, come, batch } = inboxWith();
  const wire = batch(1, 1)[0] as string;
  come(wire);
  inbox.take(1);
  come(messageIdOf(2));
  inbox.pause();
  expect(inbox.torn).toBe(false);
  expect(inbox.take(10)).toEqual([]);
});

test('after the connection was lost, copies of a batch ask again for what is acknowledged, and hand out the rest', () => {
  const { inbox, told, come, batch } = inboxWith();
  const [first, second, third] = batch(1, 3) as [string, string, string];
  [first, second, third].forEach(come);
  const [one, two] = inbox.take(2);
  inbox.acknowledge(one as NonNullable<typeof one>);
  inbox.lost();
  told.length = 0;
  inbox.resumed();
  expect(told).toEqual([`acknowledge ${first}`]);
  [first, second, third].forEach(come);
  expect(told).toEqual([`acknowledge ${first}`, `acknowledge ${first}`]);
  expect(wires(inbox.take(10))).toEqual([third]);
  inbox.acknowledge(two as NonNullable<typeof two>);
  expect(told.at(-1)).toBe(`acknowledge ${second}`);
});

test('a refused message comes again from here where one consumer is served, from the service where many are', async () => {
  for (const shared of [false, true]) {
    const { inbox, told, come } = inboxWith({ shared });
    const wire = messageIdOf(1);
    come(wire);
    const [message] = inbox.take(1);
    inbox.refuse(message as NonNullable<typeof message>);
    inbox.refuse(message as NonNullable<typeof message>);
    inbox.acknowledge(message as NonNullable<typeof message>);
    await clock.advance(999);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual([shared ? `negativeAcknowledge ${wire}` : 'arrived']);
    if (shared) {
      come(wire);
    }
    const [again] = inbox.take(1);
    inbox.acknowledge(again as NonNullable<typeof again>);
    expect(told.at(-1)).toBe(`acknowledge ${wire}`);
  }
});

test('what is asked for never exceeds the room, refused messages that wait here included', () => {
  const { inbox, come } = inboxWith();
  let outstanding = 0;
  let entry = 0;
  for (let round = 0; round < 200; round++) {
    outstanding += inbox.grant();
    expect(outstanding).toBeLessThanOrEqual(10);
    if (outstanding > 0) {
      come(messageIdOf(entry++));
      outstanding--;
    }
    if (round % 3 === 0) {
      for (const message of inbox.take(2)) {
        inbox.refuse(message);
      }
    }
  }
  expect(entry).toBe(10);
});
