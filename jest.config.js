// The AWS SDK wants a newer Node one day; that is no news to a test run.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    {
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'commonjs' },
      sourceMaps: 'inline',
    },
  ],
};

/** One project a tier, so that `npm test` and the slow tiers name what they run. */
const tier = (name, extra = {}) => ({
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  transform,
  ...extra,
});

module.exports = {
  projects: [
    ...['unit', 'contract', 'simulation', 'integration'].map((name) => tier(name)),
    // Maven must not fetch the same files twice at a time.
    tier('e2e', { globalSetup: '<rootDir>/test/support/fetch-pulsar.ts' }),
    tier('interop', { globalSetup: '<rootDir>/test/support/fetch-kcl.ts' }),
  ],
  testTimeout: 30_000,
};
