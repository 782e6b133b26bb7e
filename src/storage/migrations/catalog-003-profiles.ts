import type { SchemaModule } from 'kysely';

/** User profiles; tunnels with their tokens and certificates. */
export async function up(schema: SchemaModule): Promise<void> {
  await createUserProfiles(schema);
  await createTunnels(schema);
  await createCertificates(schema);
}

async function createUserProfiles(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('user_profiles')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('name_key', 'text')
    .addColumn('settings', 'text', (c) => c.notNull())
    .execute();
  for (const [name, column] of [
    ['user_profiles_by_age', 'created_at'],
    ['user_profiles_by_name', 'name_key'],
  ] as const) {
    await schema.createIndex(name).on('user_profiles').columns(['workspace', column, 'id']).execute();
  }
}

async function createTunnels(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('tunnels')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('domain', 'text', (c) => c.notNull().unique())
    .addColumn('display_name', 'text')
    .addColumn('token_id', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('archived_at', 'bigint')
    .execute();
  await schema.createIndex('tunnels_by_age').on('tunnels').columns(['workspace', 'created_at', 'id']).execute();
  await schema
    .createTable('tunnel_tokens')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('tunnel_id', 'text', (c) => c.notNull().references('tunnels.id'))
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('reason', 'text')
    .execute();
}

async function createCertificates(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('tunnel_certificates')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('tunnel_id', 'text', (c) => c.notNull().references('tunnels.id'))
    .addColumn('pem', 'text', (c) => c.notNull())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('archived_at', 'bigint')
    .execute();
  await schema
    .createIndex('tunnel_certificates_by_age')
    .on('tunnel_certificates')
    .columns(['tunnel_id', 'created_at', 'id'])
    .execute();
}
