import type { SchemaModule } from 'kysely';

/** Since when a work item's token is there, and by which key it was asked for. */
export async function up(schema: SchemaModule): Promise<void> {
  await schema.alterTable('work_tokens').addColumn('key_id', 'text').execute();
  await schema
    .alterTable('work_tokens')
    .addColumn('given_at', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
}
