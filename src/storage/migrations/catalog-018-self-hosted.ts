import type { SchemaModule } from 'kysely';

/** Sessions whose tools run elsewhere are found without looking at the others, of which there may be a million. */
export async function up(schema: SchemaModule): Promise<void> {
  await schema.createIndex('sessions_by_host').on('sessions').columns(['self_hosted', 'id']).execute();
}
