// Draws a QR code as a PNG: one bit a pixel.

import { crc32, deflateSync } from "node:zlib";

import { encode } from "uqr";

const SCALE = 8;
const BORDER = 4;

/** @returns {Buffer} */
export function drawQr(/** @type {string} */ text) {
  const { data, size } = encode(text, { border: BORDER });
  const side = size * SCALE;
  const stride = Math.ceil(side / 8);
  const rows = data.flatMap((row) => {
    // Each row begins with its filter: none. A set bit is white.
    const line = Buffer.alloc(1 + stride);
    for (let x = 0; x < side; x += 1) {
      if (!row[Math.floor(x / SCALE)]) {
        line[1 + (x >> 3)] = (line[1 + (x >> 3)] ?? 0) | (0x80 >> (x & 7));
      }
    }
    return Array.from({ length: SCALE }, () => line);
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1;
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(/** @type {string} */ name, /** @type {Buffer} */ content) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), content]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(content.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
