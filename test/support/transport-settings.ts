import type { ProducerSettings, PulsarSettings } from '../../src/config/types';

export const PRODUCER: ProducerSettings = {
  batchingEnabled: true,
  batchingMaxPublishDelay: 1,
  batchingMaxMessages: 100,
  batchingMaxBytes: 128 * 1024,
  chunkingEnabled: true,
  compressionType: 'NONE',
  hashingScheme: 'Murmur3_32Hash',
  partitionSwitchFrequency: 10,
  autoUpdatePartitionsInterval: 60_000,
  maxPendingMessages: 1000,
  maxPendingBytes: 64 * 1024 * 1024,
  sendTimeout: 30_000,
  sendStallTimeout: 120_000,
};

export function pulsarSettings(serviceUrl: string, extra: Partial<PulsarSettings> = {}): PulsarSettings {
  return {
    serviceUrl,
    authentication: { type: 'none' },
    tls: { allowInsecureConnection: false, hostnameVerificationEnable: true },
    transport: 'binary',
    webSocketMaxFrameBytes: 1024 * 1024,
    connectionsPerBroker: 1,
    maxLookupRedirects: 20,
    operationTimeout: 10_000,
    connectionTimeout: 5_000,
    keepAliveInterval: 30_000,
    ...extra,
  };
}
