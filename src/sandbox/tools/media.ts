import { basename } from 'node:path';
import { imageSize } from './image-size.js';
import { failed, type Outcome } from './tool.js';

/** The Messages API takes no image that is longer on a side. */
const MAX_SIDE = 8000;

/** Shows an image or a PDF to the model, told apart by their first bytes. */
export function mediaOutcome(path: string, bytes: Uint8Array): Outcome {
  const type = mediaType(bytes);
  if (type === undefined) return failed(`read: ${path} changed while it was read. Try again.`);
  const data = Buffer.from(bytes).toString('base64');
  if (type === 'application/pdf') {
    const source = { type: 'base64' as const, media_type: type, data };
    return { kind: 'block', block: { type: 'document', source, title: basename(path) } };
  }
  const size = imageSize(bytes);
  if (size === undefined || size.width < 1 || size.height < 1) {
    return failed(`read: ${path} is damaged: it begins like ${type} but has no size.`);
  }
  if (Math.max(size.width, size.height) > MAX_SIDE) {
    return failed(
      `read: ${path} is ${size.width}x${size.height} pixels, exceeds ${MAX_SIDE} on a side. Make a smaller copy and read that.`,
    );
  }
  return { kind: 'block', block: { type: 'image', source: { type: 'base64', media_type: type, data } } };
}

/** The type of what begins with these bytes, or nothing when it is neither a known image nor a PDF. */
function mediaType(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (head.startsWith('\x89PNG')) return 'image/png';
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'image/gif';
  if (head.startsWith('RIFF') && head.endsWith('WEBP')) return 'image/webp';
  if (head.startsWith('%PDF-')) return 'application/pdf';
  return undefined;
}
