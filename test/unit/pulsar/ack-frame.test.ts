import fc from 'fast-check';
import { parse } from 'protobufjs';
import { ackFrame } from '../../../src/pulsar/protocol/ack-frame';
import { AcknowledgementTracker } from '../../../src/pulsar/protocol/acknowledgement-tracker';
import { decodeCommand } from '../../../src/pulsar/protocol/command';
import { PULSAR_API } from '../../../src/pulsar/protocol/pulsar-api';

const BASE_COMMAND = parse(PULSAR_API).root.lookupType('pulsar.proto.BaseCommand');

/** The ack_set of the first id, as protobufjs reads it: words of 64 bits. */
function setOf(frame: Buffer): readonly bigint[] {
  const command = BASE_COMMAND.toObject(BASE_COMMAND.decode(frame.subarray(8)), { longs: String }) as {
    readonly ack: { readonly messageId: readonly { readonly ackSet?: readonly string[] }[] };
  };
  return (command.ack.messageId[0]?.ackSet ?? []).map((word) => BigInt.asUintN(64, BigInt(word)));
}

const id = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

test('every id reads back as it was written, with and without a set, and the type', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(id, id, fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 }))), { minLength: 1 }),
      fc.constantFrom('individual' as const, 'cumulative' as const),
      (ids, type) => {
        const sent = ids.map(([ledgerId, entryId, word]) => ({
          ledgerId,
          entryId,
          ...(word === null ? {} : { ackSet: [word] }),
        }));
        const frame = ackFrame(3, 9, sent, type);
        expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
        expect(decodeCommand(frame.subarray(8))?.body).toMatchObject({
          consumerId: 3,
          requestId: 9,
          ackType: type === 'cumulative' ? 1 : 0,
          messageId: sent,
        });
      },
    ),
  );
});

test('the set of a batch names those that are left, however many there are', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 2, maxLength: 700 }), (done) => {
      const entry = new AcknowledgementTracker().arrived(1, 2, done.length);
      for (const [i, isDone] of done.entries()) {
        if (isDone) {
          entry.hold(i);
          entry.acknowledge(i);
        }
      }
      const words = setOf(ackFrame(1, 1, [{ ledgerId: 1, entryId: 2, ackSet: entry.missing() }]));
      const isLeft = (i: number): boolean => (((words[i >>> 6] ?? 0n) >> BigInt(i & 63)) & 1n) === 1n;
      expect(done.map((_isDone, i) => !isLeft(i))).toEqual(done);
      const again = new AcknowledgementTracker().arrived(1, 2, done.length, entry.missing());
      expect(done.map((_isDone, i) => !again.hold(i))).toEqual(done);
    }),
  );
});
