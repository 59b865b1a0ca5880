export { SettableClock } from './clock';
export type { Dimension, PutDatum, Statistics } from './cloudwatch/datum';
export { type CloudWatchModel, createCloudWatchModel } from './cloudwatch/model';
export { type Emulator, type EmulatorOptions, startEmulator } from './emulator';
export {
  type ActiveFault,
  type CallPlan,
  type EntryErrorCode,
  type Fault,
  type FaultRule,
  Faults,
  INTERNAL_FAILURE,
  THROTTLE,
} from './faults';
export type { KinesisOptions } from './kinesis/account';
export {
  createKinesisModel,
  type KinesisInput,
  type KinesisModel,
  type KinesisOperation,
  type KinesisOutput,
} from './kinesis/model';
export { SHARD_WRITE_LIMITS, type WriteLimits } from './kinesis/write-limits';
export { type RunningServer, type ServerOptions, startServer } from './server';
export { type ServiceClock, ServiceError, type ServiceModel } from './service-model';
