import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EncryptionContext, Schema } from '../../../src/io';
import type { EntryMakerConfig } from '../../../src/sink/entry-maker';
import { entryOf, type Message } from './format-message';

/** Base64 stands where the message has bytes. */
interface GoldenCase {
  readonly name: string;
  readonly options: Pick<EntryMakerConfig, 'messageFormat' | 'jsonIncludeNonNulls' | 'jsonFlatten'>;
  readonly message: {
    readonly topicName: string;
    readonly schema: Schema;
    readonly value: string | null;
    readonly key?: string;
    readonly keyIsBase64?: boolean;
    readonly eventTime?: number;
    readonly properties?: { readonly [name: string]: string };
    readonly encryption?: Omit<EncryptionContext, 'keys' | 'param' | 'batchSize'> & {
      readonly keys: readonly { name: string; value: string; metadata: { [name: string]: string } }[];
      readonly param: string;
      readonly batchSize: number | null;
    };
  };
  readonly expected: string;
  readonly origin: 'java' | 'rule';
}

const bytes = (text: string): Buffer => Buffer.from(text, 'base64');

function messageOf({ value, encryption, ...rest }: GoldenCase['message']): Message {
  return {
    ...rest,
    ...(value === null ? {} : { value: bytes(value) }),
    ...(encryption === undefined
      ? {}
      : {
          encryption: {
            ...encryption,
            keys: encryption.keys.map((key) => ({ ...key, value: bytes(key.value) })),
            param: bytes(encryption.param),
            batchSize: encryption.batchSize ?? undefined,
          },
        }),
  };
}

describe.each(['full-json', 'flat-buffer', 'expanded', 'flattened'])('golden file %s', (file) => {
  const path = join(__dirname, `../../fixtures/sink-formats/${file}.json`);
  const golden: { expected: 'text' | 'base64'; cases: GoldenCase[] } = JSON.parse(readFileSync(path, 'utf8'));

  it.each(golden.cases.map((entry) => [entry.origin, entry.name, entry] as const))(
    'the bytes are those of the %s: %s',
    (_, __, { message, options, expected }) => {
      const { data } = entryOf(options, messageOf(message));
      const encoding = golden.expected === 'text' ? 'utf8' : 'base64';
      expect(Buffer.from(data).toString(encoding)).toBe(expected);
    },
  );
});
