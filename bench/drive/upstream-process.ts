import { once } from 'node:events';
import { join } from 'node:path';
import { startChild } from './child.js';

/** When the upstream had a request, and when it had answered it. */
export interface OwnTime {
  receivedAt: number;
  firstTokenAt: number | undefined;
  endedAt: number | undefined;
  /** The caller hung up first. */
  aborted: boolean;
  /** Why it was no request that the Messages API takes. */
  refused: string | undefined;
}

export interface UpstreamProcess {
  url: string;
  /** The requests since the last call, in order. Throws when one of them was refused: what was measured is no turn. */
  take(): Promise<OwnTime[]>;
  stop(): Promise<void>;
}

export async function startUpstreamProcess(): Promise<UpstreamProcess> {
  const upstream = await startChild({
    name: 'the upstream',
    args: [join(__dirname, 'upstream-main.js')],
    ready: 'upstream ready at ',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const child = upstream.process;
  return {
    url: upstream.url,
    stop: () => upstream.stop(),
    async take() {
      const answer = once(child, 'message');
      child.send('take');
      // Its only kind of message.
      const [times] = (await answer) as [OwnTime[]];
      const refused = times.find((time) => time.refused !== undefined)?.refused;
      if (refused !== undefined) throw new Error(`the upstream refused a request: ${refused}`);
      return times;
    },
  };
}

/** What answering took the upstream itself: nobody else can make this shorter. */
export function sumOf(times: OwnTime[]): number {
  return times.reduce((sum, { receivedAt, endedAt = receivedAt }) => sum + endedAt - receivedAt, 0);
}
