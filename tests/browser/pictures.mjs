// A page of many pictures out of one archive, all asked for at once.

import assert from 'node:assert/strict';
import { escaped, evaluated, input, otherOrigin, withBrowser } from './chromium.mjs';

const page = `<!doctype html>${input.pictures.map((address) => `<img src="${escaped(address)}">`).join('\n')}`;

/** Waits for all pictures and gives their widths; 0 where one is broken. */
async function look() {
  const images = [...document.images];
  await Promise.all(images.map((image) => image.decode().catch(() => {})));
  return images.map((image) => image.naturalWidth);
}

await withBrowser(async (context) => {
  await otherOrigin({ '/': page }, async (origin) => {
    const tab = await context.newPage();
    await tab.goto(`${origin}/`);
    const widths = await evaluated(tab.mainFrame(), look);
    assert.deepEqual(widths, input.pictures.map(() => input.width));
  });
});
