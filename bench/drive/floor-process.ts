import { join } from 'node:path';
import { type Child, startChild } from './child.js';

/** The floor over a Temporal server that runs already. */
export function startFloor(temporalAddress: string): Promise<Child> {
  return startChild({
    name: 'the floor',
    args: [join(__dirname, '../floor/main.js'), temporalAddress],
    ready: 'floor ready at ',
  });
}
