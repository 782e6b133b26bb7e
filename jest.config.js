const { existsSync, readdirSync } = require('node:fs');
const path = require('node:path');

const shared = {
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  // Sources import each other as `./x.js`, as Node resolves them once compiled.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  setupFilesAfterEnv: ['<rootDir>/test/support/retry.ts'],
};

const everything = {
  ...shared,
  displayName: 'sqlite',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['<rootDir>/test/postgres/'],
};

/** What has to do with rows, over the other store: its server runs for as long as the tests do. */
const onPostgres = (bin) => ({
  ...shared,
  displayName: 'postgres',
  testMatch: [
    'http/*',
    'catalog/*',
    'storage/*',
    'postgres/*',
    'mounts/memory-crashes',
    'mounts/outputs',
    'session/{log,projection}',
  ].map((files) => `<rootDir>/test/${files}.test.ts`),
  globals: { POSTGRES_BIN: bin },
  globalSetup: '<rootDir>/test/support/postgres/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/postgres/global-teardown.ts',
});

/** Where Debian puts the server, and then wherever PATH says. */
function findPostgres() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const places = [
    ...versions.map((version) => path.join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(path.delimiter),
  ];
  return places.find((place) => existsSync(path.join(place, 'initdb')));
}

function projects() {
  const bin = findPostgres();
  if (bin !== undefined) return [everything, onPostgres(bin)];
  const reason = `no Postgres server is installed (no initdb in /usr/lib/postgresql or PATH)`;
  if (process.env.CI === 'true') throw new Error(`The tests of the second store cannot run: ${reason}.`);
  console.error(`Skipped, the tests of the second store: ${reason}.`);
  return [everything];
}

/** @type {import('jest').Config} */
module.exports = {
  projects: projects(),
  maxWorkers: 3,
  testTimeout: 180_000,
  testSequencer: '<rootDir>/test/support/longest-first.js',
};
