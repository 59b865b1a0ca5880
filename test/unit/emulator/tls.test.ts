import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Emulator, startEmulator } from '../../../src/emulator';
import { CertificateAuthority } from '../../support/certificates';

const HOST = '127.0.0.1';
const HEADERS = {
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': 'Kinesis_20131202.ListStreams',
};

let ca: string;
let emulator: Emulator;

beforeAll(async () => {
  const authority = new CertificateAuthority();
  ca = authority.cert;
  emulator = await startEmulator({ tls: authority.issue([HOST]) });
  emulator.kinesis.call('CreateStream', { StreamName: 'orders', ShardCount: 1 });
});
afterAll(() => emulator.close());

async function overHttp1(trusted?: string): Promise<string> {
  const options = {
    host: HOST,
    port: emulator.kinesisPort,
    method: 'POST',
    headers: HEADERS,
    agent: false as const,
  };
  const call = httpsRequest({ ...options, ...(trusted !== undefined && { ca: trusted }) }).end('{}');
  const [answer] = await once(call, 'response');
  return `HTTP/${answer.httpVersion} ${await textOf(answer)}`;
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

describe('an emulator with a certificate', () => {
  it('says so in its addresses', () => {
    expect(emulator.kinesisEndpoint).toBe(`https://${HOST}:${emulator.kinesisPort}`);
    expect(emulator.dynamodbEndpoint).toBe(emulator.kinesisEndpoint);
  });

  it('answers HTTP/1.1', async () => {
    expect(await overHttp1(ca)).toMatch(/^HTTP\/1\.1 .*"orders"/);
  });

  it('answers HTTP/2 on the same port', async () => {
    const session = connectHttp2(emulator.kinesisEndpoint, { ca });
    const call = session.request({ ':method': 'POST', ':path': '/', ...HEADERS });
    call.end('{}');
    expect(await textOf(call)).toContain('"orders"');
    expect(session.alpnProtocol).toBe('h2');
    session.destroy();
  });

  it('takes a client that does not choose for one of HTTP/1.1', async () => {
    const socket = connectTls({ host: HOST, port: emulator.kinesisPort, ca });
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
  });

  it('is trusted by nobody who does not know its authority', async () => {
    await expect(overHttp1()).rejects.toMatchObject({
      code: expect.stringMatching(/^(SELF_SIGNED|UNABLE_TO|DEPTH_ZERO)/),
    });
  });

  it('closes connections that never came to speak TLS', async () => {
    const other = await startEmulator({ tls: new CertificateAuthority().issue([HOST]) });
    const silent = connectTcp(other.kinesisPort, HOST);
    await once(silent, 'connect');
    const closed = once(silent, 'close');
    // Answered behind it: then the server knows of the silent one.
    const failing = connectTls({ host: HOST, port: other.kinesisPort });
    await once(failing, 'error');
    await other.close();
    await closed;
  });
});
