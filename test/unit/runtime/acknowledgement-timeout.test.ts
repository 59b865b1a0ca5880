import { deferred } from '../../../src/util/deferred';
import { ManualClock, settle } from '../../support/manual-clock';
import { runnerLab, startRun } from '../../support/runner-lab';
import { ScriptedPulsar } from '../../support/scripted-consumer';

describe('time-out of acknowledgements', () => {
  it('a record not settled in time is delivered again, and a late ack does not count', async () => {
    const { sink, consumer, clock } = await startRun({ timeoutMs: 1000 });
    consumer.give('1', '2', '3');
    await settle();
    sink.record(0).ack();
    await clock.advance(999);
    expect(consumer.refused).toEqual([]);
    sink.record(1).ack();
    await clock.advance(1);
    expect(consumer.refused).toEqual(['3']);
    sink.record(2).ack();
    expect(consumer.acknowledged).toEqual(['1', '2']);
  });

  it('counts from the end of the write, and at most a tenth too long', async () => {
    const { sink, consumer, clock } = await startRun({ timeoutMs: 1000 });
    const room = deferred<void>();
    sink.writing = (record) => (String(record.value) === '2' ? room.promise : undefined);
    consumer.give('1', '2');
    await settle();
    await clock.advance(950);
    room.resolve();
    await settle();
    await clock.advance(50);
    expect(consumer.refused).toEqual(['1']);
    await clock.advance(940);
    expect(consumer.refused).toEqual(['1']);
    await clock.advance(110);
    expect(consumer.refused).toEqual(['1', '2']);
    expect(clock.pending).toBe(0);
  });

  it('one timer serves all records, and none is left after the end', async () => {
    const { sink, consumer, clock, stop, done } = await startRun({ timeoutMs: 1000 });
    for (let i = 0; i < 100; i++) {
      consumer.give(`${i}`);
      await clock.advance(1);
    }
    expect(clock.pending).toBe(1);
    sink.ackAll();
    stop();
    expect(await done).toBe('drained');
    expect(clock.pending).toBe(0);
  });

  it('looks at most ten times a time-out, however many records there are', async () => {
    const { consumer, clock } = await startRun({ timeoutMs: 1000 });
    for (let i = 0; i < 200; i++) {
      consumer.give(`${i}`);
      await clock.advance(5);
    }
    let looks = 0;
    const setTimer = clock.setTimer.bind(clock);
    clock.setTimer = (callback, ms) => {
      looks++;
      return setTimer(callback, ms);
    };
    await clock.advance(1100);
    expect(consumer.refused).toHaveLength(200);
    expect(looks).toBeLessThanOrEqual(11);
  });

  it('settled records leave nothing behind', async () => {
    const { sink, consumer, clock } = await startRun({ timeoutMs: 1000 });
    sink.writing = (record) => (String(record.value) === '1' ? record.ack() : undefined);
    consumer.give('1');
    await settle();
    expect(clock.pending).toBe(0);
    consumer.give('2');
    await clock.advance(500);
    consumer.give('3');
    await settle();
    sink.ackAll();
    await clock.advance(500);
    expect(clock.pending).toBe(0);
  });

  it('does not run for a sink that settles every record', async () => {
    const clock = new ManualClock();
    const lab = runnerLab(new ScriptedPulsar(), clock, { timeoutMs: 1000 });
    lab.sink.settlesEveryRecord = true;
    await lab.run().running;
    lab.transport.consumer().give('1');
    await clock.advance(10_000);
    expect(lab.sink.values).toEqual(['1']);
    expect(lab.transport.events).toEqual([]);
  });

  it('a write that ends behind the end leaves no timer, which would keep the process', async () => {
    const { sink, consumer, clock, stop, done } = await startRun({ timeoutMs: 60_000 });
    const room = deferred<void>();
    sink.writing = () => room.promise;
    consumer.give('1');
    await settle();
    stop();
    await clock.run(done);
    room.resolve();
    await settle();
    expect(clock.pending).toBe(0);
  });
});
