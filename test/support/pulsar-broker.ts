import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep, systemClock } from '../../src/util/clock';
import { pulsarDistribution } from './pulsar-distribution';

/** A loaded machine has taken 20 s; a fresh one 5 s. */
const READY_MS = 60_000;
/** SIGTERM has been seen to hang; SIGKILL follows after this. */
const STOP_MS = 15_000;
/** What the schema store answers for a while after a restart, when it alone has not seen the one bookie yet. */
const BOOKIE_NOT_SEEN = 'Not enough non-faulty bookies available';

export interface BrokerOptions {
  /** Entries of the broker's configuration file, over those of the distribution. */
  readonly conf?: { readonly [name: string]: string };
  /** Of every admin call, for a broker that wants to know who asks. */
  readonly adminHeaders?: { readonly [name: string]: string };
}

interface Ports {
  readonly binary: number;
  readonly web: number;
  readonly bookie: number;
}

/** A real Pulsar standalone on 127.0.0.1 with its data in a temporary folder. */
export class PulsarBroker {
  readonly serviceUrl: string;
  readonly webServiceUrl: string;
  readonly wsUrl: string;
  readonly #home: string;
  readonly #folder: string;
  readonly #ports: Ports;
  readonly #adminHeaders: { readonly [name: string]: string };
  #process: ChildProcess | undefined;

  constructor(home: string, folder: string, ports: Ports, adminHeaders = {}) {
    this.#home = home;
    this.#folder = folder;
    this.#ports = ports;
    this.#adminHeaders = adminHeaders;
    this.serviceUrl = `pulsar://127.0.0.1:${ports.binary}`;
    this.webServiceUrl = `http://127.0.0.1:${ports.web}`;
    this.wsUrl = `ws://127.0.0.1:${ports.web}`;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts it, on the same data and ports as before, and resolves when it takes work. */
  async start(): Promise<void> {
    // After SIGKILL a start on the same data now and then dies; the second one works.
    for (let attempt = 1; ; attempt++) {
      const child = this.#spawn();
      this.#process = child;
      if (await this.#ready(child)) {
        return;
      }
      await this.kill();
      if (attempt === 3) {
        throw new Error(`the broker did not start:\n${await this.log()}`);
      }
    }
  }

  /** Stops it gracefully, by force after a limit. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined) {
      return;
    }
    const timer = systemClock.setTimer(() => child.kill('SIGKILL'), STOP_MS);
    await this.#end(child, 'SIGTERM');
    systemClock.clearTimer(timer);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    if (this.#process !== undefined) {
      await this.#end(this.#process, 'SIGKILL');
    }
  }

  /** Stops it and removes its data. */
  async dispose(): Promise<void> {
    await this.kill();
    process.removeListener('exit', this.#killAtExit);
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Last lines of its log. */
  async log(): Promise<string> {
    const text = await readFile(join(this.#folder, 'broker.log'), 'utf8').catch(() => '');
    return text.split('\n').slice(-40).join('\n');
  }

  /** A call to its admin API; `path` begins behind `/admin/v2`. @throws on any answer but 2xx and 404. */
  async admin(method: string, path: string, body?: unknown): Promise<string | undefined> {
    const limit = systemClock.monotonic() + READY_MS;
    for (let again = false; ; again = true) {
      const response = await fetch(`${this.webServiceUrl}/admin/v2${path}`, {
        method,
        headers: {
          ...this.#adminHeaders,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      // What was refused for want of a bookie may be there all the same.
      if (response.ok || response.status === 404 || (again && response.status === 409)) {
        return response.ok ? text : undefined;
      }
      if (!text.includes(BOOKIE_NOT_SEEN) || systemClock.monotonic() > limit) {
        throw new Error(`${method} ${path}: ${response.status} ${text}`);
      }
      await sleep(systemClock, 200);
    }
  }

  readonly #killAtExit = (): void => {
    this.#process?.kill('SIGKILL');
  };

  #spawn(): ChildProcess {
    const opens = ['java.base/java.io', 'java.base/java.nio', 'java.base/java.util.zip', 'java.base/sun.net'];
    const args = [
      '-cp',
      `${this.#home}/conf:${this.#home}/lib/*`,
      '-Xmx512m',
      '-XX:MaxDirectMemorySize=512m',
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-Djava.net.preferIPv4Stack=true',
      '-Dlog4j.configurationFile=log4j2.yaml',
      '-Dpulsar.log.root.level=warn',
      '-Dpulsar.log.level=warn',
      '-Dio.netty.tryReflectionSetAccessible=true',
      ...opens.flatMap((name) => ['--add-opens', `${name}=ALL-UNNAMED`]),
      ...['java.management/sun.management', 'jdk.management/com.sun.management.internal'].flatMap((name) => [
        '--add-opens',
        `${name}=ALL-UNNAMED`,
      ]),
      '--add-opens',
      'java.base/jdk.internal.platform=ALL-UNNAMED',
      '--add-opens',
      'java.base/jdk.internal.misc=ALL-UNNAMED',
      'org.apache.pulsar.PulsarStandaloneStarter',
      '--config',
      join(this.#folder, 'standalone.conf'),
      '--no-functions-worker',
      '--no-stream-storage',
      '--bookkeeper-port',
      String(this.#ports.bookie),
      '--bookkeeper-dir',
      join(this.#folder, 'bookkeeper'),
      '--metadata-dir',
      join(this.#folder, 'metadata'),
    ];
    const log = openSync(join(this.#folder, 'broker.log'), 'a');
    const child = spawn('java', args, { cwd: this.#folder, stdio: ['ignore', log, log] });
    closeSync(log);
    process.once('exit', this.#killAtExit);
    return child;
  }

  async #ready(child: ChildProcess): Promise<boolean> {
    let spawnFailed: Error | undefined;
    child.on('error', (error) => {
      spawnFailed = error;
    });
    const limit = systemClock.monotonic() + READY_MS;
    while (systemClock.monotonic() < limit && child.exitCode === null && spawnFailed === undefined) {
      const answer = await this.admin('GET', '/namespaces/public/default').catch(() => undefined);
      if (answer !== undefined) {
        return true;
      }
      await sleep(systemClock, 200);
    }
    if (spawnFailed !== undefined) {
      throw new Error('Java 17 is needed to run a real broker', { cause: spawnFailed });
    }
    return false;
  }

  async #end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    this.#process = undefined;
    process.removeListener('exit', this.#killAtExit);
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    }
  }
}

/** A running broker; `dispose()` it. */
export async function startPulsarBroker(options: BrokerOptions = {}): Promise<PulsarBroker> {
  const home = await pulsarDistribution();
  const folder = await mkdtemp(join(tmpdir(), 'pulsar-broker-'));
  const [binary = 0, web = 0, bookie = 0] = await freePorts(3);
  const template = await readFile(join(home, 'conf/standalone.conf'), 'utf8');
  const conf = {
    brokerServicePort: String(binary),
    webServicePort: String(web),
    bindAddress: '127.0.0.1',
    advertisedAddress: '127.0.0.1',
    webSocketServiceEnabled: 'true',
    // Without it the bookie listens on every address.
    listeningInterface: loopback(),
    allowLoopback: 'true',
    // The one bookie there is would be quarantined for half an hour when a busy machine makes it slow.
    bookkeeperClientHealthCheckEnabled: 'false',
    ...options.conf,
  };
  await writeFile(join(folder, 'standalone.conf'), overlay(template, conf));
  const broker = new PulsarBroker(home, folder, { binary, web, bookie }, options.adminHeaders);
  await broker.start();
  return broker;
}

/** `template` with the lines of `conf` instead of its own of the same name. */
function overlay(template: string, conf: { readonly [name: string]: string }): string {
  const kept = template.split('\n').filter((line) => !((line.split('=')[0] ?? '').trim() in conf));
  return [...kept, ...Object.entries(conf).map(([name, value]) => `${name}=${value}`), ''].join('\n');
}

function loopback(): string {
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({ address }) => address === '127.0.0.1'),
  );
  return found?.[0] ?? 'lo';
}

/** Ports of 127.0.0.1 that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    ports.push(typeof address === 'object' && address !== null ? address.port : 0);
  }
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
