import type { ProducerSettings, PulsarSettings } from '../../src/config/types';

export const PRODUCER: ProducerSettings = {
  batchingEnabled: true,
  batchingMaxPublishDelay: 1,
  batchingMaxMessages: 100,
  batchingMaxBytes: 128 * 1024,
  chunkingEnabled: true,
  maxPendingMessages: 1000,
  maxPendingBytes: 64 * 1024 * 1024,
  sendTimeout: 30_000,
  sendStallTimeout: 120_000,
};

export function pulsarSettings(serviceUrl: string, extra: Partial<PulsarSettings> = {}): PulsarSettings {
  return {
    serviceUrl,
    authentication: { type: 'none' },
    operationTimeout: 10_000,
    connectionTimeout: 5_000,
    keepAliveInterval: 30_000,
    ...extra,
  };
}
