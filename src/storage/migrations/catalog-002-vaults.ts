import type { SchemaModule } from 'kysely';

/** Vaults and their credentials. */
export async function up(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('vaults')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('archived_at', 'bigint')
    .addColumn('settings', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('vaults_by_age').on('vaults').columns(['workspace', 'created_at', 'id']).execute();
  await schema
    .createTable('vault_credentials')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('vault_id', 'text', (c) => c.notNull().references('vaults.id'))
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('archived_at', 'bigint')
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('target', 'text')
    .addColumn('key_id', 'text')
    .addColumn('secret', 'blob')
    .addUniqueConstraint('vault_credentials_target', ['vault_id', 'target'])
    .execute();
  for (const [name, columns] of Object.entries({
    vault_credentials_by_age: ['vault_id', 'created_at', 'id'],
    vault_credentials_by_key: ['key_id', 'id'],
  })) {
    await schema.createIndex(name).on('vault_credentials').columns(columns).execute();
  }
}
