import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type HttpPort, openHttpPort } from '../../../src/emulator/http-port';

let port: HttpPort;
let socket: Socket;

beforeEach(async () => {
  port = await openHttpPort({ host: '127.0.0.1', port: 0 }, ({ request, response }) => {
    request.resume().once('end', () => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.end(`over ${request.headers['x-says'] ?? 'HTTP/2'}`);
    });
  });
  socket = connect(port.port, '127.0.0.1').setNoDelay();
  await once(socket, 'connect');
});

afterEach(async () => {
  socket.destroy();
  await port.close();
});

const HTTP1_REQUEST = 'POST / HTTP/1.1\r\nHost: x\r\nX-Says: HTTP/1.1\r\nContent-Length: 0\r\n\r\n';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** An empty SETTINGS frame. */
const SETTINGS = '\0\0\0\x04\0\0\0\0\0';

/** Writes `text` in pieces that the other side meets one after another. */
async function trickle(text: string, size: number): Promise<void> {
  for (let at = 0; at < text.length; at += size) {
    await new Promise((resolve) => {
      socket.write(Buffer.from(text.slice(at, at + size), 'latin1'), resolve);
    });
  }
}

describe('a port for both versions of HTTP', () => {
  test.each([1, 3, 5, 500])('understands HTTP/1.1 that comes in pieces of %i bytes', async (size) => {
    await trickle(HTTP1_REQUEST, size);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test.each([1, 3, 16, 500])('understands HTTP/2 that comes in pieces of %i bytes', async (size) => {
    await trickle(PREFACE + SETTINGS, size);
    const [answer] = await once(socket, 'data');
    // A server begins with its own SETTINGS frame: three bytes of length, then its type.
    expect((answer as Buffer)[3]).toBe(4);
  });

  test('takes what only begins like HTTP/2 for HTTP/1.1, which refuses it', async () => {
    await trickle('PRI * HTTP/1.1\r\nHost: x\r\n\r\n', 500);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('answers a client that has ended its half of the connection', async () => {
    socket.end(HTTP1_REQUEST);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toContain('over HTTP/1.1');
  });

  test.each([
    ['said nothing', ''],
    ['stopped within the preface', PREFACE.slice(0, 9)],
    ['has begun with HTTP/2', PREFACE + SETTINGS],
  ])('closes a connection whose client left when it %s', async (_when, said) => {
    socket.end(Buffer.from(said, 'latin1')).resume();
    await once(socket, 'close');
  });
});
