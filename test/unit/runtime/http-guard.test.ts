import { hide } from '../../../src/config';
import { httpSettings, isLoopback } from '../../../src/config/http-settings';
import { type Asked, refusalOf } from '../../../src/runtime/http-guard';
import { ANY_PORT } from '../../support/http-settings';

const ASKED: Asked = { method: 'GET', path: '/status', isPublic: false, headers: { host: '127.0.0.1:8080' } };
const EVERYWHERE = { ...ANY_PORT, host: '0.0.0.0' };
const LOCKED = { ...EVERYWHERE, token: hide('correct horse') };

const statusOf = (settings: typeof ANY_PORT, asked: Partial<Asked>): number | undefined =>
  refusalOf(settings, { ...ASKED, ...asked })?.status;

describe('who gets an answer over HTTP', () => {
  it.each(['localhost', 'LOCALHOST:80', '127.0.0.1', '127.8.8.8:1', '[::1]:8080', '[::1]'])(
    'somebody on this machine who says %s',
    (host) => expect(statusOf(ANY_PORT, { headers: { host } })).toBeUndefined(),
  );

  it.each(['evil.example', 'localhost.evil.example:8080', '127.0.0.1.evil.example', '', '10.0.0.1'])(
    'nobody whose browser was told that %p is this machine',
    (host) => expect(statusOf(ANY_PORT, { headers: { host } })).toBe(421),
  );

  it('whoever reaches a port that was opened to others, by any name', () => {
    expect(statusOf(EVERYWHERE, { headers: { host: 'connector.internal' } })).toBeUndefined();
  });

  it.each(['cross-site', 'same-site'])('no page of another origin (%s), whatever it fetches', (site) => {
    const headers = { host: 'localhost', 'sec-fetch-site': site };
    expect(statusOf(ANY_PORT, { headers })).toBe(403);
    expect(statusOf(ANY_PORT, { headers, isPublic: true })).toBeUndefined();
    expect(statusOf(ANY_PORT, { headers, path: '/live' })).toBeUndefined();
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'nobody who wants to change something by %s',
    (method) => expect(statusOf(ANY_PORT, { method })).toBe(405),
  );

  it.each([
    ['Bearer correct horse', 401],
    ['Bearer ', 401],
    ['Basic Y29ycmVjdA==', 401],
    [undefined, 401],
  ])('nobody without the token: %p', (authorization, status) =>
    expect(statusOf(LOCKED, { headers: { host: 'x', authorization } })).toBe(status),
  );

  it('whoever has the token, and of health and of the empty page everybody', () => {
    const locked = { ...LOCKED, token: hide('t0ken-of-Test') };
    const authorization = 'Bearer t0ken-of-Test';
    expect(statusOf(locked, { headers: { authorization } })).toBeUndefined();
    expect(statusOf(locked, { headers: { authorization: `${authorization}x` } })).toBe(401);
    expect(statusOf(locked, { path: '/live' })).toBeUndefined();
    expect(statusOf(locked, { path: '/ready' })).toBeUndefined();
    expect(statusOf(locked, { path: '/', isPublic: true })).toBeUndefined();
  });
});

describe('whether records may be looked at', () => {
  const token = 'some-token';
  it.each([
    [{ host: '127.0.0.1' }, true],
    [{ host: '::1' }, true],
    [{ host: '0.0.0.0' }, false],
    [{ host: '0.0.0.0', token }, true],
    [{ host: '0.0.0.0', explore: true }, true],
    [{ host: '127.0.0.1', token, explore: false }, false],
  ])('%j: %p', (http, allowed) => expect(httpSettings({ port: 1, ...http }).explore.allowed).toBe(allowed));

  it('by whom follows from the address', () => {
    expect(['localhost', '127.0.0.1', '::1', '[::1]'].map(isLoopback)).toEqual([true, true, true, true]);
    expect(['0.0.0.0', '::', '128.0.0.1', '127.evil.example', ''].map(isLoopback)).toEqual(
      Array(5).fill(false),
    );
  });
});
