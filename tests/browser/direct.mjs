// What a browser shows by itself shows when its address on the agent is opened directly.

import assert from 'node:assert/strict';
import { input, withBrowser } from './chromium.mjs';

/** Opens an address in a tab of its own and looks at it; the policy must not be in the way. */
async function opened(context, address, look) {
  const page = await context.newPage();
  const refusals = [];
  page.on('console', (message) => {
    if (/Content Security Policy|sandbox/i.test(message.text())) refusals.push(message.text());
  });
  await page.goto(address);
  await look(page);
  assert.deepEqual(refusals, [], address);
  await page.close();
}

/** Whether the browser's own player has the film or the song and can play it. */
async function plays(page) {
  await page.waitForFunction(() => {
    const media = document.querySelector('video, audio');
    if (media?.error) throw new Error(media.error.message);
    return media && media.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  });
  const reached = await page.evaluate(async () => {
    const media = document.querySelector('video, audio');
    media.muted = true;
    await media.play();
    while (media.currentTime === 0) {
      await new Promise((resolve) => media.addEventListener('timeupdate', resolve, { once: true }));
    }
    return media.currentTime;
  });
  assert.ok(reached > 0);
}

await withBrowser(async (context) => {
  await opened(context, input.image, async (page) => {
    await page.waitForFunction(() => document.querySelector('img')?.naturalWidth > 0);
    assert.equal(await page.evaluate(() => document.querySelector('img').naturalWidth), input.width);
  });
  await opened(context, input.video, plays);
  await opened(context, input.audio, plays);
  await opened(context, input.text, async (page) => {
    assert.equal(await page.evaluate(() => document.body.innerText.trim()), input.words);
  });
});
