import type { Stream, StreamStatus } from './stream';

/** StreamDescriptionSummary of the API. */
export interface StreamSummary {
  readonly StreamName: string;
  readonly StreamARN: string;
  readonly StreamStatus: StreamStatus;
  readonly StreamModeDetails: { readonly StreamMode: 'PROVISIONED' | 'ON_DEMAND' };
  /** Whole unless a test set another retention than the API takes. */
  readonly RetentionPeriodHours: number;
  /** Whole seconds since the epoch, as AWS answers it. */
  readonly StreamCreationTimestamp: number;
  readonly EnhancedMonitoring: readonly { readonly ShardLevelMetrics: readonly string[] }[];
  readonly EncryptionType: 'NONE';
  readonly OpenShardCount: number;
  readonly ConsumerCount: number;
  readonly MaxRecordSizeInKiB: number;
}

export function summarise(stream: Stream, now: number): StreamSummary {
  const { settings } = stream;
  return {
    StreamName: settings.name,
    StreamARN: settings.arn,
    StreamStatus: stream.status,
    StreamModeDetails: { StreamMode: settings.mode },
    RetentionPeriodHours: stream.retentionMs / 3_600_000,
    StreamCreationTimestamp: settings.creationSeconds,
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: 'NONE',
    OpenShardCount: stream.openShardCount,
    ConsumerCount: stream.consumers.list(now).length,
    MaxRecordSizeInKiB: stream.maxRecordBytes / 1024,
  };
}
