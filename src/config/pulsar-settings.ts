import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConnectorError } from '../errors';
import { describe, type ProblemList } from './problems';
import { get, type JsonObject, textAt } from './tree';
import type { ProducerSettings, PulsarSettings } from './types';

/** Schemes that come with later transports. Source: Pulsar service URLs. */
const LATER = /^(pulsar\+ssl|https?|wss?):\/\//;
const BROKER = /^pulsar:\/\/(\[[0-9a-fA-F:]+\]|[^\s/,:@[\]]+)(:\d{1,5})?\/?$/;
const LOCAL = /^(memory:\/\/\S*|stdout:(\/\/)?)$/;

/** Reports what is wrong within `pulsar`. Pure but for the token file, which must be readable. */
export function pulsarProblems(pulsar: unknown, folder: string, problems: ProblemList): void {
  const url = textAt(pulsar, 'serviceUrl');
  if (url !== undefined && !BROKER.test(url) && !LOCAL.test(url)) {
    const several = url.startsWith('pulsar://') && url.includes(',');
    const later = LATER.test(url) || several;
    problems.add(later ? 'NOT_AVAILABLE_YET' : 'CONFIG_FORMAT', 'pulsar.serviceUrl', {
      found: describe(url),
      expected: 'pulsar://HOST:PORT, memory://NAME, or stdout:',
      hint: later
        ? `${several ? 'Several addresses' : 'This scheme'} will come with a later version.`
        : 'For example pulsar://localhost:6650.',
    });
  }
  authenticationProblems(get(pulsar, 'authentication'), folder, problems);
}

function authenticationProblems(authentication: unknown, folder: string, problems: ProblemList): void {
  const path = 'pulsar.authentication';
  const type = textAt(authentication, 'type');
  const given = ['token', 'tokenFile'].filter((name) => get(authentication, name) !== undefined);
  if (given.length === 2) {
    problems.add('CONFIG_CROSS_FIELD', `${path}.tokenFile`, {
      found: 'tokenFile beside token',
      expected: 'one of the two',
      hint: 'Remove one of them.',
    });
  } else if (type === 'token' && given.length === 0) {
    problems.add('CONFIG_MISSING', `${path}.token`, {
      found: 'nothing',
      expected: 'token or tokenFile, because type is token',
      hint: 'Set tokenFile, or give the token as a reference to the environment.',
    });
  } else if (type === 'none' && given.length > 0) {
    problems.add('CONFIG_CROSS_FIELD', `${path}.type`, {
      found: `none, beside ${given.join()}`,
      expected: 'token',
      hint: `Set type to token, or remove ${given.join()}.`,
    });
  }
  const file = textAt(authentication, 'tokenFile');
  if (file !== undefined) {
    try {
      readFileSync(resolve(folder, file));
    } catch (error) {
      problems.add('CONFIG_REFERENCE', `${path}.tokenFile`, {
        found: `${describe(file)} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`,
        expected: 'a readable file',
        hint: 'Check name and permissions; relative paths start from the folder of the configuration.',
      });
    }
  }
}

/** @param pulsar Valid, with its defaults. */
export function pulsarSettings(pulsar: unknown, folder: string): PulsarSettings {
  const number = (name: string): number => Number(get(pulsar, name));
  return {
    serviceUrl: String(get(pulsar, 'serviceUrl')),
    authentication: authentication(get(pulsar, 'authentication'), folder),
    operationTimeout: number('operationTimeout'),
    connectionTimeout: number('connectionTimeout'),
    keepAliveInterval: number('keepAliveInterval'),
  };
}

function authentication(value: unknown, folder: string): PulsarSettings['authentication'] {
  const token = textAt(value, 'token');
  if (token !== undefined) {
    return { type: 'token', token: () => Promise.resolve(token) };
  }
  const file = textAt(value, 'tokenFile');
  return file === undefined
    ? { type: 'none' }
    : { type: 'token', token: () => readToken(resolve(folder, file)) };
}

/** Read for every connection: tokens in files are replaced while we run. */
async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new ConnectorError('CONFIG_UNREADABLE', `the token file ${file} cannot be read`, { cause });
  }
}

/** @param producer `producerConfig`, valid, with its defaults. */
export function producerSettings(producer: unknown): ProducerSettings {
  const batching = get(producer, 'batchingConfig') as JsonObject;
  const sendTimeout = Number(get(producer, 'sendTimeoutMs'));
  const sendStallTimeout = Number(get(producer, 'sendStallTimeoutMs'));
  return {
    batchingEnabled: batching.enabled === true,
    batchingMaxPublishDelay: Number(batching.batchingMaxPublishDelayMs),
    batchingMaxMessages: Number(batching.batchingMaxMessages),
    batchingMaxBytes: Number(batching.batchingMaxBytes),
    chunkingEnabled: get(producer, 'chunkingEnabled') === true,
    maxPendingMessages: Number(get(producer, 'maxPendingMessages')),
    maxPendingBytes: Number(get(producer, 'maxPendingBytes')),
    sendTimeout,
    // The transport's own time-out comes first.
    sendStallTimeout: sendStallTimeout === 0 ? 0 : Math.max(sendStallTimeout, 2 * sendTimeout),
  };
}
