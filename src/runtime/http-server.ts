import type { FastifyInstance } from 'fastify';
import type { HttpSettings } from '../config/types';
import { ConnectorError, messageOf } from '../errors';
import type { HealthBoard } from './health';

export interface HttpServer {
  /** For example `http://127.0.0.1:8080`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Health over HTTP: `/live` answers 200 unless an instance has failed for good, `/ready` 200 when every instance is
 * running and no part of any stands still, and 503 otherwise, with `{"ready","instances"}`.
 * @throws ConnectorError HTTP_PORT when it cannot listen there.
 */
export async function startHttpServer(settings: HttpSettings, health: HealthBoard): Promise<HttpServer> {
  const server = await createServer();
  server.get('/live', async (_request, reply) => {
    const { live } = health;
    return reply.code(live ? 200 : 503).send({ live });
  });
  server.get('/ready', async (_request, reply) => {
    const { ready, instances } = health;
    return reply.code(ready ? 200 : 503).send({ ready, instances });
  });
  server.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send({ error: 'there are /live and /ready' }),
  );
  const { host, port } = settings;
  try {
    return { url: await server.listen({ host, port }), close: () => server.close() };
  } catch (error) {
    throw new ConnectorError('HTTP_PORT', `cannot listen on ${host}:${port}: ${messageOf(error)}`, {
      expected: 'a free port',
      found: `${host}:${port}`,
      cause: error,
    });
  }
}

/** Loaded only when something is to listen: whoever has no use for it does not pay for it. */
async function createServer(): Promise<FastifyInstance> {
  const { fastify } = await import('fastify');
  return fastify({ logger: false, forceCloseConnections: true });
}
