import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CliResult, runCli } from '../support/cli-lab';
import { ProgramProcess } from '../support/program-process';
import { cleanReport, SourceLab } from '../support/source-lab';

describe('exploring what a source reads', () => {
  let lab: SourceLab;
  let folder: string;
  const configFile = (): string => {
    const file = join(folder, 'connectors.json');
    const source = {
      name: 'orders',
      topicName: 'orders',
      className: 'kinesis',
      configs: {
        awsKinesisStreamName: 'orders',
        applicationName: 'app',
        failoverTime: 2000,
        useEnhancedFanOut: true,
        awsRegion: 'us-east-1',
        awsEndpoint: lab.emulator.kinesisEndpoint,
        dynamoEndpoint: lab.emulator.dynamodbEndpoint,
        aws: { credentials: { type: 'static', accessKeyId: 'a', secretAccessKey: 'b' } },
      },
    };
    writeFileSync(file, JSON.stringify({ pulsar: { serviceUrl: 'memory://' }, sources: [source] }));
    return file;
  };
  const cli = (...args: string[]): Promise<CliResult> => runCli([...args, '-c', configFile()]);
  const arrived = async (count: number): Promise<void> => {
    while (lab.report().arrived < count) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'exploring-source-'));
  });

  afterEach(async () => {
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  it('shows who reads each shard and how far, and the records that it reads next', async () => {
    lab = await SourceLab.open(2);
    lab.put(40);
    await lab.start({}, { untilCaughtUp: true }).ended;
    expect(lab.report()).toEqual(cleanReport(40));
    lab.put(4);
    const [shards, table, next] = await Promise.all([
      cli('streams', 'shards', '--json'),
      cli('streams', 'shards'),
      cli('streams', 'peek', '--from', 'checkpoint', '--raw', '--reads-per-second', '5'),
    ]);
    expect(JSON.parse(shards.stdout).shards).toMatchObject([
      {
        lease: {
          checkpoint: { sequenceNumber: expect.stringMatching(/^\d+$/) },
          millisBehindAtMost: expect.any(Number),
        },
      },
      { lease: { checkpoint: {} } },
    ]);
    expect(table.stdout).toMatch(/nobody +at most \d+ s behind/);
    expect(next.stdout.trimEnd().split('\n').sort()).toEqual([
      'record 40',
      'record 41',
      'record 42',
      'record 43',
    ]);
  });

  it('ends with Ctrl-C, and a look that was stopped is no failure', async () => {
    lab = await SourceLab.open(1);
    lab.put(3);
    const command = ['src/cli/main.ts', 'streams', 'peek', '--follow', '--json', '-c', configFile()];
    const look = new ProgramProcess(['-r', './scripts/typescript.cjs', ...command]);
    expect(await look.hear()).toMatchObject({ data: 'record 0' });
    expect(await look.stop('SIGINT')).toEqual({ code: 0, signal: null });
    expect(look.log).toBe('3 records: stopped.\n');
  });

  it('does not let a consumer be deregistered while a worker reads with it, unless forced to', async () => {
    lab = await SourceLab.open(1);
    lab.emulator.kinesis.call('RegisterStreamConsumer', {
      StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/orders',
      ConsumerName: 'app',
    });
    lab.put(1);
    // While somebody thinks about the answer a worker starts.
    let run: ReturnType<SourceLab['start']> | undefined;
    const answer = async (): Promise<string> => {
      run = lab.start({ useEnhancedFanOut: true, failoverTime: 2000 });
      await arrived(1);
      return 'y';
    };
    const refused = await runCli(['efo', 'deregister', 'app', '-c', configFile()], { answer });
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('EFO_CONSUMER_IN_USE') });
    await run?.stop();
    expect(await cli('efo', 'deregister', 'app', '--yes', '--force')).toMatchObject({ code: 0 });
  });
});
