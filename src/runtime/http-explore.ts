import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ExploreSettings } from '../config';
import { ConnectorError } from '../errors';
import { parsePeekPosition } from '../explore/peek-position';
import type { StreamExplorer } from '../explore/stream-explorer';
import type { Clock } from '../util/clock';
import { withDeadline } from '../util/deadline';
import type { Explorations } from './explorations';
import { type ExploreOffer, type LookLine, lookError, lookLines } from './look';

export interface ExploreRoutesOptions {
  readonly settings: ExploreSettings;
  readonly explorations: Explorations;
  readonly clock: Clock;
}

/** Streams that a list shows: somebody who has more finds one by its name in the configuration. */
const MOST_STREAMS = 1000;

const NOT_ALLOWED =
  'Records are not shown here: whoever reaches this port could read them. Set http.token, or http.explore: true.';

type Query = { readonly [name: string]: unknown };

/** A request that an explorer is to answer. */
interface Look {
  readonly explorer: StreamExplorer;
  readonly query: (name: string) => string;
  /** Aborted when the one who asked has gone, or the process ends. */
  readonly signal: AbortSignal;
}

/**
 * `/explore`, `/explore/streams`, `/explore/shards`, `/explore/records`: looks into streams with the AWS settings of one
 * of the connectors. Nothing is changed by them; their number, time, records and bytes are bounded.
 */
export function addExploreRoutes(server: FastifyInstance, options: ExploreRoutesOptions): void {
  const { settings, explorations, clock } = options;
  const ending = new AbortController();
  let looks = 0;
  server.addHook('preClose', async () => {
    ending.abort(new Error('the process ends'));
    explorations.close();
  });

  server.get('/explore', async (): Promise<ExploreOffer> => {
    const { allowed, maxRecords } = settings;
    return allowed
      ? { allowed, maxRecords, connectors: explorations.connectors }
      : { allowed, reason: NOT_ALLOWED, maxRecords, connectors: [] };
  });

  const look = (path: string, answer: (look: Look, reply: FastifyReply) => Promise<unknown>): void => {
    server.get(path, async (request: FastifyRequest<{ Querystring: Query }>, reply) => {
      const query = (name: string): string => textOf(request.query[name]);
      if (!settings.allowed) {
        return reply.code(403).send({ error: NOT_ALLOWED });
      }
      const explorer = explorations.explorer(query('connector'));
      if (explorer === undefined) {
        return reply.code(404).send({ error: 'there is no such connector; /explore lists them' });
      }
      if (looks >= settings.maxLooks) {
        const error = `${looks} looks are under way (http.exploreMaxLooks); come again in a few seconds`;
        return reply.code(429).header('retry-after', '5').send({ error });
      }
      looks++;
      const gone = new AbortController();
      reply.raw.once('close', () => {
        looks--;
        gone.abort(new Error('nobody listens any more'));
      });
      const signal = AbortSignal.any([gone.signal, ending.signal]);
      try {
        return await answer({ explorer, query, signal }, reply);
      } catch (error) {
        const { code, message, hint } = lookError(error);
        return reply.code(statusOf(error)).send({ error: `${code}: ${message} ${hint}`.trim(), code });
      }
    });
  };

  const inTime = <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    withDeadline(clock, settings.timeout, signal, lateList, work);

  look('/explore/streams', ({ explorer, signal }) =>
    inTime(signal, async (limited) => {
      const streams: { readonly name: string }[] = [];
      for await (const { name } of explorer.streams(limited)) {
        if (streams.length === MOST_STREAMS) {
          return { streams, complete: false };
        }
        streams.push({ name });
      }
      return { streams, complete: true };
    }),
  );

  look('/explore/shards', ({ explorer, query, signal }) =>
    inTime(signal, async (limited) => {
      const shards = await explorer.shards(query('stream'), limited);
      return { shards: shards.map(({ shardId, open }) => ({ shardId, open })) };
    }),
  );

  look('/explore/records', async ({ explorer, query, signal }, reply) => {
    const { maxRecords, maxBytes, timeout } = settings;
    const from = parsePeekPosition(query('from'), clock.now());
    const limit = Math.min(wholeNumber(query('limit')) ?? maxRecords, maxRecords);
    const shardId = query('shard') === '' ? undefined : query('shard');
    const peek = explorer.peek({ stream: query('stream'), shardId, from, limit, maxBytes, timeout }, signal);
    const lines = jsonLines(lookLines(peek, maxBytes));
    return reply.type('application/x-ndjson').send(Readable.from(lines, { objectMode: false }));
  });
}

function lateList(): ConnectorError {
  return new ConnectorError('AWS_TIMEOUT', 'the list took too long (http.exploreTimeout)');
}

async function* jsonLines(lines: AsyncIterable<LookLine>): AsyncGenerator<string> {
  for await (const line of lines) {
    yield `${JSON.stringify(line)}\n`;
  }
}

/** What is wrong with the question, or with the one that was asked in turn. */
function statusOf(error: unknown): number {
  const wrong = error instanceof ConnectorError && error.treatment === 'config';
  return wrong ? 400 : 502;
}

/** Of a parameter that may be missing, or there twice. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function wholeNumber(text: string): number | undefined {
  return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined;
}
