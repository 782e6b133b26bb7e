import { z } from 'zod';
import { FILE_TIMEOUT_MS, fileScript, finishFileScript, REPLACE_FILE } from './file-script.js';
import { succeeded, type Tool } from './tool.js';
import { pathInput, planWith } from './tool-input.js';

/** Puts a whole file in place in one step. */
export const write: Tool = {
  describe: () => ({
    name: 'write',
    description:
      'Writes a text file, replacing what was there. Missing parent directories are made, and the permissions of an ' +
      'existing file are kept. To change part of a file, use edit.',
    input_schema: {
      type: 'object',
      properties: {
        file_path: { type: 'string', description: 'Path of the file: absolute, or relative to /workspace.' },
        content: { type: 'string', description: 'The whole new content.' },
      },
      required: ['file_path', 'content'],
    },
  }),
  plan: (input) =>
    planWith('write', writeInput, input, ({ file_path, content }) => {
      const stdin = Buffer.from(content);
      return {
        command: { script: WRITE, args: [file_path], stdin, timeoutMs: FILE_TIMEOUT_MS },
        maxOutput: 64 * 1024,
        logIsResult: false,
        finish: (end) => finishFileScript('write', end, () => succeeded(`wrote ${stdin.length} bytes to ${file_path}`)),
        soFar: () => '',
      };
    }),
};

const writeInput = z.object({ file_path: pathInput, content: z.string() });

const WRITE = fileScript('write', `${REPLACE_FILE}\nlocate "$1"\nreplace "$1" cat\n`);
