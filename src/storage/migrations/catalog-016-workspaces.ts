import type { SchemaModule } from 'kysely';

/** Workspaces that are closed for good. */
export async function up(schema: SchemaModule): Promise<void> {
  await schema.alterTable('workspaces').addColumn('archived_at', 'bigint').execute();
}
