import type { FileReference } from '../files/message-files.js';
import type { EventParams } from './event-schema.js';

/** The files that events name in place of images, documents and rubrics; `path` is where the events are in the request. */
export function fileReferences(events: readonly EventParams[], path: string): FileReference[] {
  return events.flatMap((event, index): FileReference[] => {
    if (event.type === 'user.define_outcome') {
      const { rubric } = event;
      return rubric.type === 'file'
        ? [{ kind: 'rubric', file_id: rubric.file_id, field: `${path}.${index}.rubric.file_id` }]
        : [];
    }
    if (
      event.type !== 'user.message' &&
      event.type !== 'user.custom_tool_result' &&
      event.type !== 'user.tool_result'
    ) {
      return [];
    }
    return (event.content ?? []).flatMap((block, place) => {
      if ((block.type !== 'image' && block.type !== 'document') || block.source.type !== 'file') return [];
      const field = `${path}.${index}.content.${place}.source.file_id`;
      return [{ kind: block.type, file_id: block.source.file_id, field }];
    });
  });
}
