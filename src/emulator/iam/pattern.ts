/** Whether a text fits. */
export type Matcher = (text: string) => boolean;

/** `*` stands for any text, `?` for one character. Source: IAM User Guide, "IAM JSON policy elements: Resource". */
export function glob(pattern: string, { ignoreCase = false } = {}): Matcher {
  if (pattern === '*') {
    return () => true;
  }
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  const expression = new RegExp(`^${source}$`, ignoreCase ? 'is' : 's');
  return (text) => expression.test(text);
}

/** The six parts of an ARN; the last one, the resource, may have colons of its own. */
export function arnParts(arn: string): readonly string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), ...(parts.length > 5 ? [parts.slice(5).join(':')] : [])];
}

/**
 * `*`, or an ARN each of whose parts is a pattern of its own: a wildcard does not reach over the colon behind it.
 * @throws Error when it is neither, as AWS refuses such a policy
 */
export function arnGlob(pattern: string): Matcher {
  if (pattern === '*') {
    return () => true;
  }
  const parts = arnParts(pattern);
  if (parts.length !== 6 || parts[0] !== 'arn') {
    throw new Error(`expected * or an ARN (arn:partition:service:region:account:resource), found ${pattern}`);
  }
  const matchers = parts.map((part) => glob(part));
  return (arn) => {
    const found = arnParts(arn);
    return found.length === 6 && matchers.every((fits, index) => fits(found[index] ?? ''));
  };
}

/** Whether any of them fits. */
export const anyOf =
  (matchers: readonly Matcher[]): Matcher =>
  (text) =>
    matchers.some((fits) => fits(text));
