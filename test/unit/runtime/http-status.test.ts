import type { ConnectorStatus } from '../../../src/io';
import type { InstanceReport } from '../../../src/runtime/health';
import { connectorStatuses } from '../../../src/runtime/http-status';

const STATUS: ConnectorStatus = {
  worker: 'w-0',
  shards: [
    {
      stream: 's',
      shardId: 'a',
      state: 'PROCESSING',
      checkpoint: '1',
      lastError: { code: 'X', message: 'new', at: 9 },
    },
    {
      stream: 's',
      shardId: 'b',
      state: 'ELSEWHERE',
      checkpoint: '2',
      lastError: { code: 'X', message: 'new', at: 7 },
    },
    {
      stream: 's',
      shardId: 'c',
      state: 'UNOWNED',
      checkpoint: '3',
      lastError: { code: 'Y', message: 'old', at: 5 },
    },
  ],
  recordsIn: 10,
  recordsOut: 8,
  bytesIn: 100,
  recordsQueued: 2,
  bytesQueued: 20,
  lastRecordAt: 77,
};

const report = (name: string, change: Partial<InstanceReport> = {}): InstanceReport => ({
  kind: 'source',
  name,
  instanceId: 0,
  state: 'running',
  numRestarts: 0,
  stalled: [],
  status: STATUS,
  ...change,
});

describe('the status of a process', () => {
  it('has the fields of Pulsar’s SourceStatus, and shards', () => {
    expect(
      connectorStatuses([report('t/n/orders'), report('t/n/orders', { instanceId: 1, state: 'starting' })]),
    ).toEqual([
      {
        kind: 'source',
        tenant: 't',
        namespace: 'n',
        name: 'orders',
        numInstances: 2,
        numRunning: 1,
        instances: [
          {
            instanceId: 0,
            status: {
              running: true,
              error: '',
              numRestarts: 0,
              numSystemExceptions: 0,
              latestSystemExceptions: [],
              numReceivedFromSource: 10,
              numSourceExceptions: 2,
              latestSourceExceptions: [
                { exceptionString: 'X: new', timestampMs: 9 },
                { exceptionString: 'Y: old', timestampMs: 5 },
              ],
              numWritten: 8,
              lastReceivedTime: 77,
              workerId: 'w-0',
              state: 'running',
              stalled: [],
              bytesReceived: 100,
              recordsQueued: 2,
              bytesQueued: 20,
              shards: STATUS.shards,
            },
          },
          { instanceId: 1, status: expect.objectContaining({ running: false, state: 'starting' }) },
        ],
      },
    ]);
  });

  it('has the fields of Pulsar’s SinkStatus', () => {
    const [sink] = connectorStatuses([report('t/n/exports', { kind: 'sink' })]);
    expect(sink?.instances[0]?.status).toMatchObject({
      numReadFromPulsar: 10,
      numSinkExceptions: 0,
      latestSinkExceptions: [],
      numWrittenToSink: 8,
    });
    expect(sink?.instances[0]?.status).not.toHaveProperty('shards');
  });

  it.each([
    ['running', undefined, 2, 2],
    ['restarting', 'refused', 2, 3],
    ['failed', 'refused', 0, 1],
    // The failure that it has not got over was counted with its restart.
    ['starting', 'refused', 1, 1],
  ] as const)('counts each failure of an instance once (%s)', (state, error, numRestarts, failures) => {
    const told = error === undefined ? {} : { error, errorAt: 42 };
    const { status: _, ...silent } = report('t/n/orders', { state, numRestarts, ...told });
    expect(connectorStatuses([silent])[0]?.instances[0]?.status).toMatchObject({
      numSystemExceptions: failures,
      latestSystemExceptions: error === undefined ? [] : [{ exceptionString: error, timestampMs: 42 }],
      numReceivedFromSource: 0,
    });
  });
});
