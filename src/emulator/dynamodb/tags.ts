import { asFields, type Fields, list, required, text } from './fields';

export function readTags(input: Fields): ReadonlyMap<string, string> {
  return new Map(
    (list(input, 'Tags') ?? []).map((entry) => {
      const tag = asFields(entry);
      return [required('Key', text(tag, 'Key')), required('Value', text(tag, 'Value'))];
    }),
  );
}
