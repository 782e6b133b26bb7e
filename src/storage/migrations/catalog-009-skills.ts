import type { SchemaModule } from 'kysely';

/** Skills, their versions, and what sessions have of them. */
export async function up(schema: SchemaModule): Promise<void> {
  await createSkills(schema);
  await createVersions(schema);
  await createSessionSkills(schema);
}

async function createSkills(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('skills')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('display_name', 'text', (c) => c.notNull())
    .addColumn('source', 'text', (c) => c.notNull())
    .addColumn('latest_version_id', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .execute();
  await schema.createIndex('skills_by_age').on('skills').columns(['workspace', 'created_at', 'id']).execute();
  await schema
    .createIndex('skills_by_source')
    .on('skills')
    .columns(['workspace', 'source', 'created_at', 'id'])
    .execute();
}

async function createVersions(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('skill_versions')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('workspace', 'text', (c) => c.notNull())
    .addColumn('skill_id', 'text', (c) => c.notNull().references('skills.id'))
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('content', 'text', (c) => c.notNull())
    .addColumn('size_bytes', 'bigint', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .execute();
  for (const [name, columns] of Object.entries({
    skill_versions_by_age: ['skill_id', 'created_at', 'id'],
    skill_versions_by_content: ['content'],
  })) {
    await schema.createIndex(name).on('skill_versions').columns(columns).execute();
  }
}

async function createSessionSkills(schema: SchemaModule): Promise<void> {
  await schema
    .createTable('session_skills')
    .addColumn('session_id', 'text', (c) => c.notNull())
    .addColumn('position', 'integer', (c) => c.notNull())
    .addColumn('skill_id', 'text', (c) => c.notNull())
    .addColumn('version_id', 'text', (c) => c.notNull())
    .addColumn('directory', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('content', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('session_skills_by_position', ['session_id', 'position'])
    .execute();
  await schema.createIndex('session_skills_by_content').on('session_skills').columns(['content']).execute();
}
