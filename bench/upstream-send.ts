import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamEvent } from '../src/model/reply.js';
import { emptyMessage, streamEvents, type WholeReply } from '../src/model/stream-events.js';
import type { Breakage, UpstreamReply } from './upstream-reply.js';

/** Sends the reply as one JSON message. */
export async function sendMessage(response: ServerResponse, whole: WholeReply, reply: UpstreamReply): Promise<void> {
  await pause((reply.firstTokenMs ?? 0) + (reply.tokenMs ?? 0));
  const { content, stop_reason, stop_details, usage } = whole;
  response.writeHead(200, HEADERS_JSON);
  response.end(JSON.stringify({ ...emptyMessage(whole), content, stop_reason, stop_details, usage }));
}

const HEADERS_JSON = { 'content-type': 'application/json', 'request-id': 'req_upstream' };
const HEADERS_SSE = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'request-id': 'req_upstream',
};

/** Streams the reply, at its pace and up to its breakage. Writes that no delay parts go out together. */
export async function sendStream(
  response: ServerResponse,
  whole: WholeReply,
  reply: UpstreamReply,
  onFirstToken: () => void,
): Promise<void> {
  response.writeHead(200, HEADERS_SSE);
  let pending = '';
  const flush = (): void => {
    if (pending !== '') response.write(pending);
    pending = '';
  };
  let sent = 0;
  let spoke = false;
  for (const event of streamEvents(whole, split)) {
    if (response.destroyed) return;
    if (sent === reply.breakAfter?.events) {
      flush();
      return breakOff(response, reply.breakAfter.how);
    }
    if (sent === reply.pauseAfter?.events) {
      flush();
      await reply.pauseAfter.until;
    }
    const isToken = event.type === 'content_block_delta';
    const delay = isToken ? (spoke ? reply.tokenMs : reply.firstTokenMs) : 0;
    if (delay) {
      flush();
      await pause(delay);
    }
    pending += toMessage(event);
    sent += 1;
    if (event.type === 'message_start') pending += 'event: ping\ndata: {"type": "ping"}\n\n';
    if (isToken && !spoke) {
      spoke = true;
      onFirstToken();
      flush();
    }
  }
  if (reply.endMs) {
    flush();
    await pause(reply.endMs);
  }
  response.end(pending);
}

function split(text: string): string[] {
  return text.match(/\S+\s*|\s+/g) ?? [];
}

function pause(ms: number | undefined): Promise<void> {
  return ms ? sleep(ms, undefined, { ref: false }) : Promise.resolve();
}

function toMessage(event: StreamEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

async function breakOff(response: ServerResponse, how: Breakage): Promise<void> {
  if (how === 'stall') return;
  if (how === 'end') {
    response.end();
    return;
  }
  if (how === 'cut') {
    // What was written goes out before the reset, so that the caller has seen it.
    await sleep(20);
    response.socket?.resetAndDestroy();
    return;
  }
  response.end(`event: error\ndata: ${JSON.stringify({ type: 'error', error: how, request_id: 'req_upstream' })}\n\n`);
}
