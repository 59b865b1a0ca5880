import { readFileSync } from 'node:fs';
import { IAM_EXAMPLES } from '../../support/iam-examples';

const PAGE = readFileSync('docs/iam.md', 'utf8');

test.each(Object.entries(IAM_EXAMPLES))(
  'docs/iam.md shows the policy of a %s as it is printed',
  (name, policy) => {
    const [, shown] = PAGE.split(`<!-- iam: ${name} -->\n`);
    const [, json = ''] = /^```json\n(.*?)\n```/s.exec(shown ?? '') ?? [];
    expect(json).toBe(policy);
  },
);
