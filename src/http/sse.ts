import type { ServerResponse } from 'node:http';

export interface SseOptions {
  /** Bytes that may wait for a slow reader, beside large frames. */
  maxBacklog: number;
  /** How long a reader that is being hung up on has to take what was already sent. */
  lingerMs: number;
  onClose: () => void;
  /** The frame that a reader is dropped with. */
  overloaded: () => string;
}

/** One connection that events are written to. Writing to one that has ended is fine and does nothing. */
export interface SseConnection {
  write(frame: string): void;
  end(): void;
}

/** One server-sent event. JSON has no line break of its own, so the data is always one line. */
export function toFrame(event: { type: string }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** What one request has sent comes back twice at once, when it is queued and when it is taken up: 64 MB at most. */
const LARGE_FRAME = 1024 * 1024;
const MAX_LARGE_BACKLOG = 96 * 1024 * 1024;

/** Sends the headers at once. A reader that falls too far behind is told so and hung up on: memory never grows with it. */
export function openSse(response: ServerResponse, headers: Record<string, string>, options: SseOptions): SseConnection {
  const { maxBacklog, lingerMs, onClose, overloaded } = options;
  let ended = false;
  /** Bytes of the large frames since nothing waited. */
  let large = 0;
  const end = () => {
    if (ended) return;
    ended = true;
    onClose();
    response.end();
    // A reader that does not read would keep its backlog for as long as it likes.
    const timer = setTimeout(() => response.destroy(), lingerMs);
    timer.unref();
    response.once('close', () => clearTimeout(timer));
  };
  const write = (frame: string) => {
    if (ended) return;
    const backlog = response.writableLength;
    if (backlog === 0) large = 0;
    if (backlog > maxBacklog + Math.min(large, MAX_LARGE_BACKLOG)) {
      response.write(overloaded());
      end();
      return;
    }
    const size = Buffer.byteLength(frame);
    if (size > LARGE_FRAME) large += size;
    response.write(frame);
  };
  // The request's own close comes as soon as it has been read; the response's says that the client has gone.
  response.once('close', end);
  response.on('error', end);
  // A stream that ends has nothing to hand its connection on for, and a shutdown need not wait for it.
  response.shouldKeepAlive = false;
  response.writeHead(200, { ...headers, ...HEADERS });
  response.flushHeaders();
  return { write, end };
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};
