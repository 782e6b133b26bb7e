export interface ImageSize {
  width: number;
  height: number;
}

/** Pixels of a PNG, GIF, WebP or JPEG file, from its header; nothing when the header is not whole. */
export function imageSize(bytes: Uint8Array): ImageSize | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 30) return undefined;
  switch (view.readUInt8(0)) {
    case 0x89:
      return { width: view.readUInt32BE(16), height: view.readUInt32BE(20) };
    case 0x47:
      return { width: view.readUInt16LE(6), height: view.readUInt16LE(8) };
    case 0x52:
      return webpSize(view);
    case 0xff:
      return jpegSize(view);
    default:
      return undefined;
  }
}

function webpSize(view: Buffer): ImageSize | undefined {
  switch (view.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return { width: view.readUInt16LE(26) & 0x3fff, height: view.readUInt16LE(28) & 0x3fff };
    case 'VP8L': {
      const bits = view.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { width: view.readUIntLE(24, 3) + 1, height: view.readUIntLE(27, 3) + 1 };
    default:
      return undefined;
  }
}

/** Walks the segments up to the frame header, which carries the size. */
function jpegSize(view: Buffer): ImageSize | undefined {
  let at = 2;
  while (at + 9 <= view.length && view[at] === 0xff) {
    const marker = view.readUInt8(at + 1);
    if (marker === 0xff) at += 1;
    else if (isFrameHeader(marker)) return { height: view.readUInt16BE(at + 5), width: view.readUInt16BE(at + 7) };
    else at += 2 + view.readUInt16BE(at + 2);
  }
  return undefined;
}

/** SOF0 to SOF15; three codes of that range are tables. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
