export { SettableClock } from './clock';
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
export { type RunningServer, type ServerOptions, startServer } from './server';
export { type ServiceClock, ServiceError, type ServiceModel } from './service-model';
