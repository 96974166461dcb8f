import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, inflateSync } from "node:zlib";

import { encode } from "uqr";

import { drawQr } from "../src/qr.js";

/** The pieces of a PNG, with their checksums checked. */
function pieces(/** @type {Buffer} */ png) {
  /** @type {Record<string, Buffer>} */
  const found = {};
  for (let at = 8; at < png.length;) {
    const size = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + size);
    assert.equal(png.readUInt32BE(at + 8 + size), crc32(body), "checksum");
    found[body.toString("latin1", 0, 4)] = body.subarray(4);
    at += 12 + size;
  }
  return found;
}

test("the picture shows the code, black on white, with a border", () => {
  const text = `2@${"x".repeat(230)}`;
  const { IHDR, IDAT, IEND } = pieces(drawQr(text));
  assert(IHDR && IDAT && IEND);
  const side = IHDR.readUInt32BE(0);
  assert.deepEqual([...IHDR.subarray(4)], [...IHDR.subarray(0, 4), 1, 0, 0, 0, 0], "square, one bit, grey");
  const { data, size } = encode(text, { border: 4 });
  assert.equal(side, size * 8);
  const lines = inflateSync(IDAT);
  const stride = 1 + Math.ceil(side / 8);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const [px, py] = [x * 8 + 3, y * 8 + 5];
      const white = ((lines[py * stride + 1 + (px >> 3)] ?? 0) >> (7 - (px & 7))) & 1;
      assert.equal(white === 0, data[y]?.[x], `${x}, ${y}`);
    }
  }
  assert.equal(data[0]?.includes(true), false, "a border");
});
