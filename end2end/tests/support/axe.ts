// What axe finds on a page.

import { AxeBuilder } from "@axe-core/playwright";
import { type Page } from "@playwright/test";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function lines(page: Page, axe: AxeBuilder): Promise<string[]> {
  // Colours on their way to others are neither. What moves is put at its end: waiting for it would be waiting
  // for frames, which a busy machine may not draw.
  await page.evaluate(() => {
    for (const animation of document.getAnimations()) {
      if (animation.effect?.getComputedTiming().endTime !== Infinity) animation.finish();
    }
  });
  const { violations } = await axe.analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")} – ${node.failureSummary?.replace(/\s+/g, " ")}`),
  );
}

/** Everything, in a line each. */
export const violations = (page: Page): Promise<string[]> => lines(page, new AxeBuilder({ page }).withTags(TAGS));

/** What colours alone can do wrong in the dark; the page is light again afterwards. */
export async function seenInTheDark(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: "dark" });
  const found = await lines(page, new AxeBuilder({ page }).withRules(["color-contrast", "link-in-text-block"]));
  await page.emulateMedia({ colorScheme: "light" });
  return found;
}
