import { ApiError } from '../../api-error.js';
import type { EventParams } from './event-schema.js';

/** A worker tells what its tools came to. It neither speaks for the user nor allows itself to run what has to be asked. */
export function checkWorkersEvents(events: readonly EventParams[]): void {
  const other = events.find(({ type }) => type !== 'user.tool_result' && type !== 'user.custom_tool_result');
  if (other) throw new ApiError('permission_error', `${other.type} events cannot be sent with a worker's credentials.`);
}
