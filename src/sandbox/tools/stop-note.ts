import type { ToolName } from './tool.js';

/** The sentence that a result ends with when its command was stopped. */
export function stopNote(name: ToolName, reason: 'timeout' | 'memory' | 'disk', timeoutMs: number): string {
  switch (reason) {
    case 'timeout':
      return name === 'bash'
        ? `bash: bash command timed out after ${timeoutMs}ms`
        : `${name}: timed out after ${timeoutMs}ms`;
    case 'memory':
      return `${name}: the sandbox ran out of memory and the command was killed. Use less memory: smaller inputs, fewer processes, or streaming.`;
    case 'disk':
      return `${name}: the sandbox ran out of disk space and the command was stopped. Remove files that are not needed, then try again.`;
    default:
      return reason satisfies never;
  }
}
