import { ConnectorError } from '../../../src/errors';
import { sleep } from '../../../src/util/clock';
import { deferred } from '../../../src/util/deferred';
import { ManualClock, settle } from '../../support/manual-clock';
import { denied, runnerLab, SHUTDOWN_MS, startRun, tooLarge } from '../../support/runner-lab';
import { ScriptedPulsar } from '../../support/scripted-consumer';

type Started = Awaited<ReturnType<typeof startRun>>;

describe('sink runner: the end', () => {
  it('takes no more, lets the sink drain, and tells the broker all that was acked meanwhile', async () => {
    const { sink, consumer, stop, done } = await startRun();
    consumer.give('1');
    await settle();
    sink.closing = async () => {
      consumer.events.push('sink closes');
      sink.ackAll();
    };
    stop();
    expect(await done).toBe('drained');
    expect(consumer.events).toEqual(['pause', 'sink closes', 'ack 1', 'close']);
    expect(consumer.closing?.unsubscribe).toBe(false);
    expect(sink.closes).toBe(1);
  });

  it.each([
    ['the sink had not the time', 'sink'],
    ['a consumer was not answered', 'consumer'],
    ['a record was neither acked nor failed', 'record'],
    ['the dead letters did not leave', 'dead letter'],
  ])('is told to be undrained when %s', async (_why, missing) => {
    const { sink, consumer, stop, done, clock } = await startRun({ deadLetterTopic: 'dlq' });
    consumer.give('1');
    await settle();
    if (missing === 'dead letter') {
      sink.record().fail(tooLarge);
    } else if (missing !== 'record') {
      sink.record().ack();
    }
    consumer.answers = missing !== 'consumer';
    sink.closing = async () => {
      if (missing === 'sink') {
        throw new ConnectorError('SHUTDOWN_DEADLINE', 'too slow');
      }
    };
    stop();
    expect(await clock.run(done)).toBe('undrained');
    expect(consumer.closing).toBeDefined();
  });

  it('a message that ends the run is the last that the sink is given: those behind it may have to stay there', async () => {
    const { sink, consumer, done } = await startRun();
    sink.writing = (record) => record.fail(tooLarge);
    consumer.give('1', '2', '3');
    await expect(done).rejects.toBe(tooLarge);
    expect(sink.values).toEqual(['1']);
  });

  it('keeps its time even with a sink that never closes, and with a write that never ends', async () => {
    const { sink, consumer, stop, done, clock } = await startRun();
    sink.writing = () => new Promise(() => undefined);
    sink.closing = () => new Promise(() => undefined);
    consumer.give('1', '2');
    await settle();
    const before = clock.monotonic();
    stop();
    expect(await clock.run(done)).toBe('undrained');
    expect(clock.monotonic() - before).toBeLessThanOrEqual(SHUTDOWN_MS);
    expect(sink.values).toEqual(['1']);
    expect(sink.context?.shutdownTimeoutMs).toBeLessThan(SHUTDOWN_MS);
    expect(clock.pending).toBe(0);
  });

  it('waits for a sink that takes all the time it was told of, however long a write held up the stop', async () => {
    const { sink, consumer, stop, done, clock } = await startRun();
    sink.writing = () => new Promise(() => undefined);
    sink.closing = async () => {
      await sleep(clock, sink.context?.shutdownTimeoutMs ?? 0);
      sink.ackAll();
    };
    consumer.give('1');
    await settle();
    stop();
    expect(await clock.run(done)).toBe('drained');
    expect(consumer.acknowledged).toEqual(['1']);
    expect(clock.monotonic()).toBeLessThan(SHUTDOWN_MS);
  });

  it('leaves the sink nearly all the time when nothing held up the stop', async () => {
    const { sink, stop, done } = await startRun();
    stop();
    await done;
    expect(sink.closeLimitMs).toBeGreaterThanOrEqual(SHUTDOWN_MS * 0.9);
    expect(sink.closeLimitMs).toBeLessThan(SHUTDOWN_MS);
  });

  it('gives the sink the rest of an entry that has begun, which would come again whole, and nothing behind it', async () => {
    const { sink, consumer, stop, done } = await startRun();
    consumer.give('1', '2');
    await settle();
    // Something of the entry is on its way to the sink when the stop comes.
    const room = deferred<void>();
    sink.writing = () => room.promise;
    consumer.giveRest('3', '4');
    stop();
    await settle();
    consumer.give('5');
    room.resolve();
    sink.closing = async () => sink.ackAll();
    expect(await done).toBe('drained');
    expect(sink.values).toEqual(['1', '2', '3', '4']);
    expect(consumer.acknowledged).toEqual(['1', '2', '3', '4']);
  });

  it('a write that ends after the stop is the last one', async () => {
    const { sink, consumer, stop, done, clock } = await startRun();
    const room = deferred<void>();
    sink.writing = () => room.promise;
    consumer.give('1', '2');
    await settle();
    sink.closing = async () => room.resolve();
    stop();
    await clock.run(done);
    await settle();
    expect(sink.values).toEqual(['1']);
  });

  it('a hopeless message found while draining is an error, not a drained end', async () => {
    const { sink, consumer, stop, done } = await startRun({}, { unsubscribe: true });
    consumer.give('1');
    await settle();
    sink.closing = async () => sink.record().fail(tooLarge);
    stop();
    await expect(done).rejects.toBe(tooLarge);
    expect(consumer.acknowledged).toEqual([]);
    expect(consumer.closing?.unsubscribe).toBe(false);
  });

  it('deletes the subscription only when asked to, and only when everything is drained', async () => {
    const clean = await startRun({}, { unsubscribe: true });
    clean.stop();
    await clean.done;
    expect(clean.consumer.closing?.unsubscribe).toBe(true);

    const left = await startRun({}, { unsubscribe: true });
    left.consumer.give('1');
    await settle();
    left.stop();
    await left.done;
    expect(left.consumer.closing?.unsubscribe).toBe(false);

    const slow = await startRun({}, { unsubscribe: true });
    slow.sink.closing = () => Promise.reject(new ConnectorError('SHUTDOWN_DEADLINE', 'too slow'));
    slow.stop();
    await slow.done;
    expect(slow.consumer.closing?.unsubscribe).toBe(false);

    const failed = await startRun({}, { unsubscribe: true });
    failed.sink.context?.fatal(denied);
    await expect(failed.done).rejects.toBe(denied);
    expect(failed.consumer.closing?.unsubscribe).toBe(false);
  });

  it.each([
    ['the sink says so', (lab: Started) => lab.sink.context?.fatal(denied)],
    ['a consumer ends', (lab: Started) => lab.consumer.end(denied)],
    [
      'a write is refused',
      (lab: Started) => {
        lab.sink.writing = () => Promise.reject(denied);
        lab.consumer.give('2');
      },
    ],
  ])('%s: an orderly close, then the first error', async (_how, fail) => {
    const lab = await startRun();
    lab.consumer.give('1');
    await settle();
    lab.sink.closing = async () => {
      lab.sink.context?.fatal(new Error('a later one'));
      throw new Error('the close fails as well');
    };
    fail(lab);
    await expect(lab.done).rejects.toBe(denied);
    expect(lab.sink.closes).toBe(1);
    expect(lab.consumer.events).toEqual(['pause', 'close']);
    expect(lab.warnings.at(-1)?.message).toBe('closing failed as well');
  });

  it('a close that fails after a stop is what the caller sees, behind closed consumers', async () => {
    const { sink, consumer, stop, done } = await startRun();
    const broken = new Error('broken');
    sink.closing = () => Promise.reject(broken);
    stop();
    await expect(done).rejects.toBe(broken);
    expect(consumer.closing).toBeDefined();
  });

  it('a sink that cannot be opened is closed, and nothing is subscribed to', async () => {
    const lab = runnerLab(new ScriptedPulsar(), new ManualClock());
    lab.sink.opening = () => Promise.reject(denied);
    await expect(lab.run().done).rejects.toBe(denied);
    expect(lab.sink.closes).toBe(1);
    expect(lab.transport.consumers).toEqual([]);
  });

  it('a stop is heeded while the sink is being opened, and nothing is subscribed to later', async () => {
    const lab = runnerLab(new ScriptedPulsar(), new ManualClock());
    const open = deferred<void>();
    lab.sink.opening = () => open.promise;
    const { done } = lab.run();
    await settle();
    lab.stop();
    expect(await done).toBe('drained');
    expect(lab.sink.closes).toBe(1);
    open.resolve();
    await settle();
    expect(lab.transport.consumers).toEqual([]);
  });
});
