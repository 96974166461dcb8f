// Compares what two screenshots show.

import type { BrowserContext } from "@playwright/test";

/** Differences up to this much per colour channel count as the same: how edges are smoothed differs by chance. */
const TOLERANCE = 64;

/** How many pixels of two equally large pictures differ. */
export async function differences(context: BrowserContext, one: Buffer, other: Buffer): Promise<number> {
  if (one.equals(other)) {
    return 0;
  }
  const page = await context.newPage();
  const found = await page.evaluate(
    async ([tolerance, ...pictures]) => {
      const pixels = await Promise.all(
        pictures.map(async (base64) => {
          const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
          const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
          const canvas = new OffscreenCanvas(picture.width, picture.height);
          const pen = canvas.getContext("2d");
          pen?.drawImage(picture, 0, 0);
          return pen?.getImageData(0, 0, picture.width, picture.height).data ?? new Uint8ClampedArray();
        }),
      );
      const [a, b] = pixels;
      if (!a || !b || a.length !== b.length) {
        return Number.POSITIVE_INFINITY;
      }
      const differ = new Set<number>();
      a.forEach((value, at) => {
        if (Math.abs(value - (b[at] ?? 0)) > tolerance) {
          differ.add(Math.floor(at / 4));
        }
      });
      return differ.size;
    },
    [TOLERANCE, one.toString("base64"), other.toString("base64")] as [number, string, string],
  );
  await page.close();
  return found;
}
