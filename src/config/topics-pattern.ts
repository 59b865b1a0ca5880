const DOMAIN = 'persistent://';
/** What names of tenants and namespaces are made of. Source: Pulsar `NamedEntity`. */
const LITERAL = /^[-=:.\w]+$/;

/**
 * A pattern of the persistent topics of one namespace: `persistent://tenant/namespace/` and a regular expression for
 * the rest of the name, all of it; shortened as names of topics are. A partitioned topic matches by its own name.
 * Source: Pulsar `PatternMultiTopicsConsumerImpl`.
 */
export class TopicsPattern {
  /** `tenant/namespace`. */
  readonly namespace: string;
  readonly #rest: RegExp;

  /** @throws SyntaxError, or Error that says what is wrong. */
  constructor(pattern: string) {
    const name = pattern.startsWith(DOMAIN) ? pattern.slice(DOMAIN.length) : pattern;
    if (name.includes('://')) {
      throw new Error('only persistent topics can be found by a pattern');
    }
    const [tenant = '', namespace = '', ...rest] = name.includes('/')
      ? name.split('/')
      : ['public', 'default', name];
    if (!LITERAL.test(tenant) || !LITERAL.test(namespace) || rest.length === 0) {
      throw new Error('tenant and namespace are not named literally');
    }
    this.namespace = `${tenant}/${namespace}`;
    // Strict syntax: what Java reads otherwise is refused rather than read in another way.
    this.#rest = new RegExp(`^(?:${rest.join('/')})$`, 'u');
  }

  /** @param topic A full name, of a partition or a topic. */
  matches(topic: string): boolean {
    const start = `${DOMAIN}${this.namespace}/`;
    return (
      topic.startsWith(start) && this.#rest.test(topic.slice(start.length).replace(/-partition-\d+$/, ''))
    );
  }
}
