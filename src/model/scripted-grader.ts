import type { ScriptedReply } from './script.js';

/** The tool that a grader is given; nobody else has one of this name. */
const VERDICT_TOOL = 'give_verdict';

/** Whether these are a grader's tools. */
export function isGrading(tools: string[]): boolean {
  return tools.includes(VERDICT_TOOL);
}

/**
 * Grades by the rubric's lines `/expect TEXT`: satisfied when the author has said each of these texts. What the author
 * was asked is no script for the grader.
 */
export function playGrading(task: string): ScriptedReply {
  const expected = part(task, 'rubric').flatMap((line) => /^\/expect\s+(.*)$/.exec(line.trim())?.[1] ?? []);
  const said = part(task, 'said').join('\n');
  const missing = expected.filter((text) => !said.includes(text));
  const input =
    missing.length === 0
      ? { result: 'satisfied', explanation: 'All that the rubric expects was said.' }
      : { result: 'needs_revision', explanation: `Not said: ${missing.join(', ')}` };
  return {
    parts: [{ type: 'tools', calls: [{ name: VERDICT_TOOL, input }] }],
    waitMs: 0,
    failures: undefined,
  };
}

function part(task: string, name: string): string[] {
  return new RegExp(`<${name}>\\n([^]*?)\\n</${name}>`).exec(task)?.[1]?.split('\n') ?? [];
}
