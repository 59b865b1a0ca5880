import type { StreamConsumer } from '../aws/fan-out-api';
import { createFanOutApi } from '../aws/fan-out-client';
import type { StreamDescription } from '../aws/kinesis-api';
import type { KinesisSourceConfig } from '../config';
import { ConnectorError } from '../errors';
import { deregisterConsumer } from '../explore/consumer-deregistration';
import { findLiveOwner, watchTime } from '../offsets/live-owner';
import { abortable } from '../util/abort';
import { systemClock } from '../util/clock';
import { systemRandom } from '../util/random';
import type { CliIo } from './cli-io';
import { type StreamSession, withStream } from './explorer-session';
import { EXIT } from './failure';
import { type PlaceFlags, settingsFor } from './kinesis-place';
import { startProgress } from './progress';
import { leasesOf } from './stream-leases';

export interface DeregisterFlags extends PlaceFlags {
  readonly stream?: string;
  readonly yes?: boolean;
  readonly force?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

/** `efo deregister`. Never rejects. */
export async function deregister(wanted: string, flags: DeregisterFlags, io: CliIo): Promise<void> {
  await withStream(flags, flags.stream, io, async (session) => {
    const { explorer, place, stream, logger, signal } = session;
    const summary = await explorer.summary(stream, signal);
    const consumer = findConsumer(await explorer.consumers(summary.arn, signal), wanted, summary.name);
    const { source } = place;
    if (source === undefined) {
      io.stderr(
        'Note: who reads with it cannot be seen from here; -c with the configuration of a source can tell.\n',
      );
    }
    await confirm(consumer, summary.name, flags, io, signal);
    // Behind the question: a worker may start while somebody thinks about the answer.
    if (source !== undefined && flags.force !== true && readsWith(source, consumer)) {
      await requireNobody(source, summary, consumer, session, io);
    }
    const fanOut = createFanOutApi(settingsFor(place, stream), { clock: systemClock });
    const patience = { clock: systemClock, random: systemRandom, logger };
    try {
      await deregisterConsumer(fanOut, consumer, flags.timeout * 1000, patience, signal);
    } finally {
      fanOut.close();
    }
    io.stdout(`Consumer ${consumer.name} of ${summary.name} is gone.\n`);
    io.setExitCode(EXIT.done);
  });
}

function findConsumer(consumers: readonly StreamConsumer[], wanted: string, stream: string): StreamConsumer {
  const consumer = consumers.find(({ name, arn }) => name === wanted || arn === wanted);
  if (consumer === undefined) {
    throw new ConnectorError('KINESIS_CONSUMER_NOT_FOUND', `stream ${stream} has no such consumer`, {
      expected: consumers.map(({ name }) => name).join(', ') || 'none: it has no consumer',
      found: wanted,
      hint: '`efo list` shows the consumers of a stream.',
    });
  }
  return consumer;
}

function readsWith({ retrieval }: KinesisSourceConfig, { name, arn }: StreamConsumer): boolean {
  const { mode, consumer } = retrieval;
  return mode !== 'polling' && ('arn' in consumer ? consumer.arn === arn : consumer.name === name);
}

/** @throws ConnectorError EFO_CONSUMER_IN_USE */
async function requireNobody(
  source: KinesisSourceConfig,
  stream: StreamDescription,
  { name }: StreamConsumer,
  { logger, signal }: StreamSession,
  io: CliIo,
): Promise<void> {
  const scan = (): ReturnType<typeof leasesOf> => leasesOf(source, stream, logger, signal);
  const leases = await scan();
  if (leases.every(({ owner }) => owner === undefined)) {
    return;
  }
  const time = watchTime(source.failoverTime);
  const progress = startProgress(io, 'watching (s)', Math.ceil(time / 1000), false);
  const watch = {
    clock: systemClock,
    time,
    scan,
    onLook: (ms: number) => progress.at(Math.floor(ms / 1000)),
  };
  const live = await findLiveOwner(watch, leases, signal).finally(progress.stop);
  if (live !== undefined) {
    throw new ConnectorError('EFO_CONSUMER_IN_USE', `a worker reads ${stream.name} with consumer ${name}`, {
      expected: `no lease that its owner writes for ${time} ms`,
      found: `${live.shardId}, held by ${live.owner ?? 'a worker'}`,
    });
  }
}

/** @throws ConnectorError USAGE; the signal's reason */
async function confirm(
  { name, arn }: StreamConsumer,
  stream: string,
  { yes = false }: DeregisterFlags,
  io: CliIo,
  signal: AbortSignal,
): Promise<void> {
  if (yes) {
    return;
  }
  if (io.ask === undefined) {
    throw new ConnectorError('USAGE', 'nobody is there to be asked', {
      expected: '--yes',
      found: `consumer ${name} to be deregistered`,
    });
  }
  io.stderr(
    `${arn}\nWhoever reads ${stream} with it is cut off at once. It can be registered again, under another ARN.\n`,
  );
  const answer = await abortable(io.ask(`Deregister consumer ${name}? [y/N] `), signal);
  if (!/^y(es)?$/i.test(answer.trim())) {
    throw new ConnectorError('USAGE', 'nothing was changed', { hint: 'Answer y to go on.' });
  }
}
