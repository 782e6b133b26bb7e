import type { SchemaModule } from 'kysely';

/** Memory stores, what is in them, and what was. */
export async function up(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('memory_stores')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addColumn('archived_at', 'bigint')
    .addColumn('settings', 'text', (c) => c.notNull())
    .addColumn('revision', 'bigint', (c) => c.notNull())
    .execute();
  await schema
    .createIndex('memory_stores_by_age')
    .on('memory_stores')
    .columns(['workspace', 'created_at', 'id'])
    .execute();
  await schema
    .createTable('memories')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('memory_store_id', 'text', (c) => c.notNull().references('memory_stores.id'))
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('memory_version_id', 'text', (c) => c.notNull().unique())
    .addColumn('content_sha256', 'text', (c) => c.notNull())
    .addColumn('content_size_bytes', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('memories_path', ['memory_store_id', 'path'])
    .execute();
  await schema
    .createTable('memory_versions')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('memory_store_id', 'text', (c) => c.notNull().references('memory_stores.id'))
    .addColumn('memory_id', 'text', (c) => c.notNull())
    .addColumn('operation', 'text', (c) => c.notNull())
    .addColumn('path', 'text')
    .addColumn('content', 'blob')
    .addColumn('content_sha256', 'text')
    .addColumn('content_size_bytes', 'integer')
    .addColumn('created_by_type', 'text', (c) => c.notNull())
    .addColumn('created_by_id', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('redacted_at', 'bigint')
    .addColumn('redacted_by_type', 'text')
    .addColumn('redacted_by_id', 'text')
    .execute();
  for (const [name, columns] of Object.entries({
    memory_versions_by_age: ['memory_store_id', 'created_at', 'id'],
    memory_versions_by_memory: ['memory_id', 'created_at', 'id'],
  })) {
    await schema.createIndex(name).on('memory_versions').columns(columns).execute();
  }
  await createMounts(schema);
}

async function createMounts(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('memory_mounts')
    .addColumn('session_id', 'text', (c) => c.notNull())
    .addColumn('memory_store_id', 'text', (c) => c.notNull())
    .addColumn('place', 'text', (c) => c.notNull())
    .addColumn('revision', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('memory_mounts_pk', ['session_id', 'memory_store_id'])
    .execute();
  await schema
    .createTable('memory_mount_files')
    .addColumn('session_id', 'text', (c) => c.notNull())
    .addColumn('memory_store_id', 'text', (c) => c.notNull())
    .addColumn('path', 'text', (c) => c.notNull())
    .addColumn('content_sha256', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('memory_mount_files_pk', ['session_id', 'memory_store_id', 'path'])
    .execute();
}
