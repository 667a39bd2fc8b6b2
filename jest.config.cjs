const swc = [
  '@swc/jest',
  {
    jsc: {
      parser: { syntax: 'typescript' },
      target: 'es2022',
      keepClassNames: true,
    },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

/** What all projects have in common. */
const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  transform: { '^.+\\.[cm]?[jt]s$': swc },
  // Packages published as ES modules only: jest loads CommonJS, so these are transformed too.
  transformIgnorePatterns: ['/node_modules/(?!(fast-check|pure-rand|node-pg-migrate)/)'],
  modulePathIgnorePatterns: ['<rootDir>/.callyard/', '<rootDir>/dist/'],
};

/** @type {import('jest').Config} */
module.exports = {
  verbose: true,
  // More would compete with the Temporal server and PostgreSQL for the processor, and time out.
  maxWorkers: 2,
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/unit/**/*.test.ts'],
    },
    {
      ...shared,
      displayName: 'system',
      testMatch: ['<rootDir>/test/system/**/*.test.ts'],
      globalSetup: '<rootDir>/test/environment/global-setup.ts',
      globalTeardown: '<rootDir>/test/environment/global-teardown.ts',
      setupFilesAfterEnv: ['<rootDir>/test/environment/timeouts.ts'],
    },
  ],
};
