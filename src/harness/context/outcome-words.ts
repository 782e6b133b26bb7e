import type { SessionEvent } from '../../session/journal.js';
import type { EventBlock } from './blocks.js';

type Definition = Extract<SessionEvent, { type: 'user.define_outcome' }>;
type Verdict = Extract<SessionEvent, { type: 'span.outcome_evaluation_end' }>;

/** What the agent is told of an outcome that it is to work toward. */
export function outcomeWords({ description, rubric }: Definition): string {
  return (
    `Work toward this outcome:\n\n<outcome>\n${description}\n</outcome>\n\n` +
    'When you end your turn, what you have produced is evaluated against this rubric by somebody who has not seen ' +
    `how you made it:\n\n<rubric>\n${rubricText(rubric)}\n</rubric>`
  );
}

/** What the agent is told of an evaluation that it has something to do about. */
export function verdictWords({ result, explanation }: Verdict): EventBlock[] {
  if (result === 'needs_revision') {
    return [text(`Your work was evaluated against the rubric, and needs revision:\n\n${explanation}\n\nRevise it.`)];
  }
  if (result === 'max_iterations_reached') {
    return [
      text(
        `Your work was evaluated against the rubric for the last time, and does not meet it:\n\n${explanation}\n\n` +
          'Do no more work on it: say briefly where it stands and what is missing.',
      ),
    ];
  }
  return [];
}

/** As text: a file's was read when the outcome was defined. */
export function rubricText(rubric: Definition['rubric']): string {
  return rubric.type === 'text' ? rubric.content : `(the file ${rubric.file_id})`;
}

function text(said: string): EventBlock {
  return { type: 'text', text: said };
}
