// A document from a torrent opened on the agent's own origin shows, and runs nothing of what it holds.

import assert from 'node:assert/strict';
import { escaped, input, otherOrigin, patience, withBrowser } from './chromium.mjs';

await withBrowser(async (context) => {
  for (const address of input.documents) {
    const page = await context.newPage();
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(address);
    await page.waitForLoadState('networkidle');
    const state = await page.evaluate(() => ({ title: document.title, ran: 'ran' in window, origin: self.origin }));
    assert.deepEqual(state, { title: state.title, ran: false, origin: 'null' }, address);
    assert.ok(!state.title.includes('ran'), `${address}: ${state.title}`);
    assert.ok(!asked.some((url) => url.includes('stolen')), `${address} asked for ${asked}`);
    await page.close();
  }
  // the same documents as a frame of another page
  const frames = input.documents.map((address) => `<iframe src="${escaped(address)}"></iframe>`).join('');
  await otherOrigin({ '/': `<!doctype html>${frames}` }, async (origin) => {
    const page = await context.newPage();
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(origin, { waitUntil: 'networkidle', timeout: patience });
    assert.equal(page.mainFrame().childFrames().length, input.documents.length);
    for (const frame of page.frames().slice(1)) {
      assert.equal(await frame.evaluate(() => 'ran' in window), false, frame.url());
    }
    assert.ok(!asked.some((url) => url.includes('stolen')), `${asked}`);
  });
});
