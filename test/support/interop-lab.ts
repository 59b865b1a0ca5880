import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator';

/** An emulated Kinesis, and a DynamoDB: the emulated one, or one that is not ours. */
export class InteropLab {
  readonly emulator: Emulator;
  readonly dynamodbEndpoint: string;
  /** Of configuration files. */
  readonly folder = mkdtempSync(join(tmpdir(), 'interop-'));
  readonly #other: Server | undefined;

  private constructor(emulator: Emulator, other: Server | undefined) {
    this.emulator = emulator;
    this.#other = other;
    this.dynamodbEndpoint =
      other === undefined
        ? emulator.dynamodbEndpoint
        : `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  }

  /** @param options of the emulated services */
  static async open(
    dynamodb: 'ours' | 'dynalite' = 'ours',
    options: EmulatorOptions = {},
  ): Promise<InteropLab> {
    const other = dynamodb === 'ours' ? undefined : await startDynalite();
    return new InteropLab(await startEmulator(options), other);
  }

  async close(): Promise<void> {
    await this.emulator.close();
    this.#other?.closeAllConnections();
    this.#other?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function startDynalite(): Promise<Server> {
  const dynalite = require('dynalite') as (options: object) => Server;
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
