import type { ShardStatus, StatusError } from '../io/status';
import type { InstanceReport, InstanceState, StalledPart } from './health';

/** Source: Pulsar, `ExceptionInformation`. */
export interface ExceptionInformation {
  readonly exceptionString: string;
  readonly timestampMs: number;
}

/** What Pulsar's `SourceInstanceStatusData` and `SinkInstanceStatusData` have in common, and what is ours. */
interface InstanceStatusData {
  readonly running: boolean;
  /** Empty when there is none. */
  readonly error: string;
  readonly numRestarts: number;
  readonly numSystemExceptions: number;
  readonly latestSystemExceptions: readonly ExceptionInformation[];
  /** Milliseconds since the epoch when a record came in last; 0 when none has. */
  readonly lastReceivedTime: number;
  readonly workerId: string;

  readonly state: InstanceState;
  readonly nextStart?: string;
  readonly stalled: readonly StalledPart[];
  readonly bytesReceived: number;
  readonly recordsQueued: number;
  readonly bytesQueued: number;
}

export interface SourceInstanceStatusData extends InstanceStatusData {
  readonly numReceivedFromSource: number;
  readonly numSourceExceptions: number;
  readonly latestSourceExceptions: readonly ExceptionInformation[];
  readonly numWritten: number;
  readonly shards: readonly ShardStatus[];
}

export interface SinkInstanceStatusData extends InstanceStatusData {
  readonly numReadFromPulsar: number;
  readonly numSinkExceptions: number;
  readonly latestSinkExceptions: readonly ExceptionInformation[];
  readonly numWrittenToSink: number;
}

interface ConnectorStatusData<Kind, Instance> {
  readonly kind: Kind;
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
  readonly numInstances: number;
  readonly numRunning: number;
  readonly instances: readonly { readonly instanceId: number; readonly status: Instance }[];
}

export type SourceStatus = ConnectorStatusData<'source', SourceInstanceStatusData>;
export type SinkStatus = ConnectorStatusData<'sink', SinkInstanceStatusData>;

/** Answer of `/status`. */
export interface ProcessStatus {
  readonly ready: boolean;
  /** Milliseconds since the epoch, by the clock of this process. */
  readonly time: number;
  /** When this process began to answer. */
  readonly startedAt: number;
  readonly connectors: readonly (SourceStatus | SinkStatus)[];
}

/** The instances of a process by their connectors, in the order in which those began. */
export function connectorStatuses(reports: readonly InstanceReport[]): (SourceStatus | SinkStatus)[] {
  const byConnector = new Map<string, InstanceReport[]>();
  for (const report of reports) {
    const key = `${report.kind} ${report.name}`;
    const known = byConnector.get(key);
    known === undefined ? byConnector.set(key, [report]) : known.push(report);
  }
  return [...byConnector.values()].map(connectorStatus);
}

function connectorStatus(reports: InstanceReport[]): SourceStatus | SinkStatus {
  const [first] = reports;
  const [tenant = '', namespace = '', ...name] = (first?.name ?? '').split('/');
  const shared = {
    tenant,
    namespace,
    name: name.join('/'),
    numInstances: reports.length,
    numRunning: reports.filter(({ state }) => state === 'running').length,
  };
  const instances = <Data>(dataOf: (report: InstanceReport) => Data) =>
    reports.map((report) => ({ instanceId: report.instanceId, status: dataOf(report) }));
  return first?.kind === 'sink'
    ? { kind: 'sink', ...shared, instances: instances(sinkData) }
    : { kind: 'source', ...shared, instances: instances(sourceData) };
}

function sourceData(report: InstanceReport): SourceInstanceStatusData {
  const { status } = report;
  const shards = status?.shards ?? [];
  const errors = exceptionsOf([status?.lastError, ...shards.map(({ lastError }) => lastError)]);
  return {
    ...instanceData(report),
    numReceivedFromSource: status?.recordsIn ?? 0,
    numSourceExceptions: errors.length,
    latestSourceExceptions: errors,
    numWritten: status?.recordsOut ?? 0,
    shards,
  };
}

function sinkData(report: InstanceReport): SinkInstanceStatusData {
  const { status } = report;
  const errors = exceptionsOf([status?.lastError]);
  return {
    ...instanceData(report),
    numReadFromPulsar: status?.recordsIn ?? 0,
    numSinkExceptions: errors.length,
    latestSinkExceptions: errors,
    numWrittenToSink: status?.recordsOut ?? 0,
  };
}

function instanceData(report: InstanceReport): InstanceStatusData {
  const { state, error, errorAt, numRestarts, nextStart, stalled, status } = report;
  // Each failure was followed by a start, except for the one that it has not got over yet.
  const fresh = error !== undefined && state !== 'starting' ? 1 : 0;
  return {
    running: state === 'running',
    error: error ?? '',
    numRestarts,
    numSystemExceptions: numRestarts + fresh,
    latestSystemExceptions:
      error === undefined ? [] : [{ exceptionString: error, timestampMs: errorAt ?? 0 }],
    lastReceivedTime: status?.lastRecordAt ?? 0,
    workerId: status?.worker ?? '',
    state,
    ...(nextStart === undefined ? {} : { nextStart }),
    stalled,
    bytesReceived: status?.bytesIn ?? 0,
    recordsQueued: status?.recordsQueued ?? 0,
    bytesQueued: status?.bytesQueued ?? 0,
  };
}

/** Each once, newest first, as Pulsar lists them; no more than Pulsar keeps. */
function exceptionsOf(errors: readonly (StatusError | undefined)[]): ExceptionInformation[] {
  const MOST = 10;
  const texts = new Map<string, number>();
  for (const error of errors) {
    if (error !== undefined) {
      const text = `${error.code}: ${error.message}`;
      texts.set(text, Math.max(error.at, texts.get(text) ?? 0));
    }
  }
  return [...texts]
    .map(([exceptionString, timestampMs]) => ({ exceptionString, timestampMs }))
    .sort((a, b) => b.timestampMs - a.timestampMs)
    .slice(0, MOST);
}
