import { type ColumnDefinitionNode, DataTypeNode, type KyselyPlugin, OperationNodeTransformer, RawNode } from 'kysely';

/**
 * For migrations on Postgres: the four words that they are written in mean what they do on SQLite. `integer` and `bigint`
 * hold 64 bits, `blob` is bytes, and `text` is compared by its bytes, whatever language the server sorts in.
 */
export function createPortableTypes(): KyselyPlugin {
  const words = new PortableTypes();
  return {
    transformQuery: ({ node, queryId }) => words.transformNode(node, queryId),
    transformResult: async ({ result }) => result,
  };
}

const WORDS: Partial<Record<string, string>> = {
  text: 'text collate "C"',
  integer: 'bigint',
  blob: 'bytea',
};

class PortableTypes extends OperationNodeTransformer {
  protected override transformColumnDefinition(node: ColumnDefinitionNode): ColumnDefinitionNode {
    const column = super.transformColumnDefinition(node);
    const word = DataTypeNode.is(column.dataType) ? WORDS[column.dataType.dataType] : undefined;
    return word === undefined ? column : { ...column, dataType: RawNode.createWithSql(word) };
  }
}
