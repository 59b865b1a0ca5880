import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep, systemClock } from '../../src/util/clock';
import { pulsarDistribution } from './pulsar-distribution';

const READY_MS = 60_000;

/** A real Pulsar proxy on 127.0.0.1. */
export class PulsarProxy {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #killAtExit: () => void;

  private constructor(child: ChildProcess, folder: string) {
    this.#process = child;
    this.#folder = folder;
    this.#killAtExit = () => child.kill('SIGKILL');
    process.once('exit', this.#killAtExit);
  }

  /**
   * A proxy that listens at `port`; it may start before the broker does.
   * @param conf entries of its configuration file.
   */
  static async start(port: number, conf: { readonly [name: string]: string }): Promise<PulsarProxy> {
    const home = await pulsarDistribution();
    const folder = await mkdtemp(join(tmpdir(), 'pulsar-proxy-'));
    const entries = { servicePort: String(port), bindAddress: '127.0.0.1', ...conf };
    const lines = Object.entries(entries).map(([name, value]) => `${name}=${value}`);
    await writeFile(join(folder, 'proxy.conf'), `${lines.join('\n')}\n`);
    const log = openSync(join(folder, 'proxy.log'), 'a');
    const child = spawn('java', args(home, join(folder, 'proxy.conf')), {
      cwd: folder,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const proxy = new PulsarProxy(child, folder);
    await proxy.#ready(port);
    return proxy;
  }

  async dispose(): Promise<void> {
    process.removeListener('exit', this.#killAtExit);
    if (this.#process.exitCode === null && this.#process.pid !== undefined) {
      const exited = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #ready(port: number): Promise<void> {
    const limit = systemClock.monotonic() + READY_MS;
    while (systemClock.monotonic() < limit && this.#process.exitCode === null) {
      if (await listens(port)) {
        return;
      }
      await sleep(systemClock, 100);
    }
    const log = await readFile(join(this.#folder, 'proxy.log'), 'utf8');
    await this.dispose();
    throw new Error(`the proxy did not start:\n${log.split('\n').slice(-40).join('\n')}`);
  }
}

function args(home: string, conf: string): string[] {
  return [
    ...['-cp', `${home}/conf:${home}/lib/*`, '-Xmx192m', '-XX:MaxDirectMemorySize=192m'],
    ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Djava.net.preferIPv4Stack=true'],
    ...['-Dlog4j.configurationFile=log4j2.yaml', '-Dpulsar.log.root.level=warn', '-Dpulsar.log.level=warn'],
    ...['org.apache.pulsar.proxy.server.ProxyServiceStarter', '--config', conf],
  ];
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
