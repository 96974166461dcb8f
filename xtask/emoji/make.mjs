// Writes public/emoji/{en,id,pt-BR}.txt: the emoji in Unicode's order with their names and keywords from the CLDR.
//
//     npm ci && node make.mjs
//
// Run again when Unicode has new emoji; the files are kept in the repository, because they change once a year.
// A line is an emoji, its name and its other keywords, with tabs in between; `#` and a word begin a group.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const groups = require("unicode-emoji-json/data-by-group.json");
// Newer ones are not on most phones yet.
const NEWEST = 15.1;
const out = new URL("../../public/emoji/", import.meta.url);
const license = require.resolve("cldr-annotations-full/package.json").replace(/package\.json$/, "LICENSE");

const annotations = (lang) => ({
  ...require(`cldr-annotations-derived-full/annotationsDerived/${lang}/annotations.json`).annotationsDerived.annotations,
  ...require(`cldr-annotations-full/annotations/${lang}/annotations.json`).annotations.annotations,
});

for (const [lang, file] of [["en", "en"], ["id", "id"], ["pt", "pt-BR"]]) {
  const known = annotations(lang);
  const lines = [];
  for (const { slug, emojis } of groups) {
    lines.push(`#${slug.split("_")[0]}`);
    for (const { emoji, emoji_version: version, name: english } of emojis) {
      if (Number(version) > NEWEST) continue;
      // The CLDR leaves the mark out that asks for a picture.
      const said = known[emoji] ?? known[emoji.replaceAll("\ufe0f", "")];
      const name = said?.tts?.[0] ?? english;
      const more = (said?.default ?? []).filter((word) => word !== name);
      lines.push([emoji, name, more.join(", ")].join("\t"));
    }
  }
  writeFileSync(new URL(`${file}.txt`, out), lines.join("\n") + "\n");
}
writeFileSync(new URL("LICENSE.txt", out), readFileSync(license));
