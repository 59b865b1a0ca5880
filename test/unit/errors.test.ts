import { ConnectorError, explain } from '../../src/errors';

describe('explain', () => {
  it('says what happened, what was expected and found, what to do, and why', () => {
    const cause = new Error('connect ECONNREFUSED');
    const error = new ConnectorError('HTTP_PORT', 'cannot listen.', { expected: 'a', found: 'b', cause });
    expect(explain(error)).toBe(
      'HTTP_PORT: cannot listen. expected a, found b. Choose a free port. (cause: connect ECONNREFUSED)',
    );
  });

  it('is one line, and says nothing twice', () => {
    const cause = new Error("Cannot find module './x.js'\nRequire stack:\n- here\n- there");
    const message = `the module ./x.js cannot be loaded: ${cause.message}`;
    expect(explain(new ConnectorError('CONNECTOR_UNKNOWN', message, { hint: 'Mend it.', cause }))).toBe(
      "CONNECTOR_UNKNOWN: the module ./x.js cannot be loaded: Cannot find module './x.js'. Mend it.",
    );
    expect(explain(cause)).toBe("Cannot find module './x.js'");
  });
});
