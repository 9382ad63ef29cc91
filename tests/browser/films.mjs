// Films of which nothing but the address says that they lie in archives play and seek.

import assert from 'node:assert/strict';
import { escaped, input, otherOrigin, watched, withBrowser } from './chromium.mjs';

const pages = Object.fromEntries(
  input.films.map((film, index) => [`/${index}`, `<!doctype html><video muted controls src="${escaped(film)}"></video>`]),
);

await withBrowser(async (context) => {
  await otherOrigin(pages, async (origin) => {
    for (const path of Object.keys(pages)) {
      const tab = await context.newPage();
      await tab.goto(origin + path);
      await watched(tab.mainFrame(), input, input.films[path.slice(1)]);
      await tab.close();
    }
  });
});

assert.ok(input.films.length > 0);
