import { beating } from './beating.js';

/** The workflow's one argument. */
export interface DreamInput {
  workspace: string;
  dream_id: string;
}

type Progress = 'running' | 'over';

/** What the workflow of a dream may ask of the world. */
export interface DreamActivities {
  beginDream(input: DreamInput): Promise<Progress>;
  lookAtDream(input: DreamInput): Promise<Progress>;
  endDream(input: DreamInput, how: { timedOut: boolean }): Promise<void>;
}

/** Who knows how a dream is carried out: each step may be made again. */
export interface DreamSteps {
  begin(id: string): Promise<Progress>;
  look(id: string): Promise<Progress>;
  end(id: string, how: { timedOut: boolean }): Promise<void>;
}

/** The activities of a dream's workflow. They wait for who carries it out, while the server is starting. */
export function createDreamActivities(stepsOf: Promise<(workspace: string) => DreamSteps>): DreamActivities {
  return {
    beginDream: ({ workspace, dream_id }) => beating(async () => (await stepsOf)(workspace).begin(dream_id)),
    lookAtDream: ({ workspace, dream_id }) => beating(async () => (await stepsOf)(workspace).look(dream_id)),
    endDream: ({ workspace, dream_id }, how) => beating(async () => (await stepsOf)(workspace).end(dream_id, how)),
  };
}
