export { SettableClock } from './clock';
export type { Dimension, PutDatum, Statistics } from './cloudwatch/datum';
export { type CloudWatchModel, createCloudWatchModel } from './cloudwatch/model';
export { type Emulator, type EmulatorOptions, startEmulator } from './emulator';
export {
  type ActiveFault,
  accessDenied,
  type CallPlan,
  type EntryErrorCode,
  type ErrorFault,
  type EventsFault,
  type Fault,
  type FaultRule,
  Faults,
  INTERNAL_FAILURE,
  KMS_DENIED,
  THROTTLE,
} from './faults';
export { Iam, type UsedAccess } from './iam/iam';
export type { PolicyDocument, PolicyStatement } from './iam/policy-document';
export {
  createKinesisModel,
  type KinesisInput,
  type KinesisModel,
  type KinesisOperation,
  type KinesisOutput,
} from './kinesis/model';
export type { KinesisOptions } from './kinesis/options';
export { type ReadLimits, SHARD_READ_LIMITS } from './kinesis/read-limits';
export { SHARD_WRITE_LIMITS, type WriteLimits } from './kinesis/write-limits';
export type { SecretsManagerModel } from './secrets-manager/model';
export type { SecretValue } from './secrets-manager/secret';
export { type RunningServer, type ServerOptions, startServer, type WireOptions } from './server';
export { type Caller, type ServiceClock, ServiceError, type ServiceModel } from './service-model';
