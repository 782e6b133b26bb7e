/** What the floor's server, workflow and activities tell each other. */
export const FLOOR_QUEUE = 'floor';
export const FLOOR_WORKFLOW = 'floor';
export const SEND = 'send';

export interface FloorEvent {
  seq: number;
  type: string;
}

export interface FloorActivities {
  /** Local: Temporal keeps what it returns in a marker. */
  journal(batch: FloorEvent[]): Promise<FloorEvent[]>;
  /** Stands for a model call or a command; done at once. */
  work(): Promise<string>;
}
