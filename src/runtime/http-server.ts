import type { FastifyInstance } from 'fastify';
import type { HttpSettings } from '../config';
import { isLoopback } from '../config/http-settings';
import { ConnectorError, messageOf } from '../errors';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Explorations } from './explorations';
import type { HealthBoard } from './health';
import { addExploreRoutes } from './http-explore';
import { guard } from './http-guard';
import { page } from './http-page';
import { connectorStatuses, type ProcessStatus } from './http-status';
import type { PrometheusText } from './prometheus-text';

export interface HttpServer {
  /** For example `http://127.0.0.1:8080`. */
  readonly url: string;
  close(): Promise<void>;
}

export interface HttpServerOptions {
  readonly settings: HttpSettings;
  readonly health: HealthBoard;
  readonly prometheus: Pick<PrometheusText, 'text' | 'contentType'>;
  /** Closed with the server. */
  readonly explorations: Explorations;
  readonly clock: Clock;
  readonly logger: Logger;
}

const PATHS = '/live, /ready, /metrics, /status, /explore, and a page at /';

/**
 * Answers over HTTP what docs/http.md describes: `/live` with 200 unless an instance has failed for good, `/ready` with
 * 200 when every instance is running and no part of any stands still, and 503 otherwise; metrics, status, and a page.
 * @throws ConnectorError HTTP_PORT when it cannot listen there.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { settings, logger } = options;
  const { host, port, token } = settings;
  const server = await createServer();
  guard(server, settings);
  addHealthRoutes(server, options.health);
  addWatchingRoutes(server, options);
  addExploreRoutes(server, { ...options, settings: settings.explore });
  server.setNotFoundHandler(async (_request, reply) => reply.code(404).send({ error: `there are ${PATHS}` }));
  let url: string;
  try {
    url = await server.listen({ host, port });
  } catch (error) {
    throw new ConnectorError('HTTP_PORT', `cannot listen on ${host}:${port}: ${messageOf(error)}`, {
      expected: 'a free port',
      found: `${host}:${port}`,
      cause: error,
    });
  }
  logger.info({ url }, `answering ${PATHS}`);
  if (token === undefined && !isLoopback(host)) {
    logger.warn(
      { host, explore: settings.explore.allowed },
      'whoever reaches the port sees metrics and status, for want of http.token; set it, or listen on 127.0.0.1',
    );
  }
  return { url, close: () => server.close() };
}

function addHealthRoutes(server: FastifyInstance, health: HealthBoard): void {
  server.get('/live', async (_request, reply) => {
    const { live } = health;
    return reply.code(live ? 200 : 503).send({ live });
  });
  server.get('/ready', async (_request, reply) => {
    const { ready, instances } = health;
    return reply.code(ready ? 200 : 503).send({ ready, instances });
  });
}

function addWatchingRoutes(server: FastifyInstance, options: HttpServerOptions): void {
  const { health, prometheus, clock } = options;
  const startedAt = clock.now();
  server.get('/metrics', async (_request, reply) =>
    reply.type(prometheus.contentType).send(await prometheus.text()),
  );
  server.get('/status', async (): Promise<ProcessStatus> => {
    const connectors = connectorStatuses(health.reports());
    return { ready: health.ready, time: clock.now(), startedAt, connectors };
  });
  const { html, contentSecurityPolicy } = page();
  server.get('/', { config: { isPublic: true } }, async (_request, reply) =>
    reply
      .header('content-security-policy', contentSecurityPolicy)
      .type('text/html; charset=utf-8')
      .send(html),
  );
}

/** Loaded only when something is to listen: whoever has no use for it does not pay for it. */
async function createServer(): Promise<FastifyInstance> {
  const { fastify } = await import('fastify');
  return fastify({ logger: false, forceCloseConnections: true });
}
