import type { SchemaModule } from 'kysely';
import type { Database } from '../database.js';

/** Workspaces, the keys that open them, and which user profiles have been enrolled. */
export async function up(schema: SchemaModule, db: Database): Promise<void> {
  await schema
    .createTable('workspaces')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();
  // All that there is by now is in this one.
  await db.insertInto('workspaces').values({ id: 'wrkspc_default', name: 'Default', created_at: Date.now() }).execute();
  await schema
    .createTable('api_keys')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull().references('workspaces.id'))
    .addColumn('environment_id', 'text')
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('scopes', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull().unique())
    .addColumn('hint', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('revoked_at', 'bigint')
    .execute();
  await schema.createIndex('workspaces_by_age').on('workspaces').columns(['created_at', 'id']).execute();
  await schema
    .createIndex('api_keys_by_age')
    .on('api_keys')
    .columns(['workspace', 'environment_id', 'created_at', 'id'])
    .execute();
  await schema.alterTable('user_profiles').addColumn('enrolled_at', 'bigint').execute();
}
