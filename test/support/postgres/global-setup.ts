import type { Config } from 'jest';
import { type Cluster, createCluster } from '../../../bench/drive/postgres-server';

declare global {
  var postgresCluster: Cluster | undefined;
}

/** One Postgres server for all test files of a run; they find it by DROVER_TEST_POSTGRES. */
export default async function startPostgres(_: unknown, { globals }: Config): Promise<void> {
  globalThis.postgresCluster = await createCluster(String(globals?.['POSTGRES_BIN']));
  process.env['DROVER_TEST_POSTGRES'] = globalThis.postgresCluster.urlOf('postgres');
}
