// The helper for authors of sites, in a page of its own and in a frame as ZeroNet makes it: it says who asks, takes
// the other source where the agent is missing or has no such file, and tells what to do.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { escaped, evaluated, input, otherOrigin, patience, withBrowser } from './chromium.mjs';

const script = await readFile(new URL('../../web-ui/embed.js', import.meta.url), 'utf8');

// as ZeroNet frames its sites: without allow-same-origin, so that the page's origin is `null`
const sandbox = 'allow-forms allow-scripts allow-top-navigation allow-popups';
const site = '1HeLLo4uzjaLetFx6NH3PMwFP3qbRbTf3D';

/** A page with a picture, one that the agent does not have, and one that is nowhere else. */
const page = (agent) => `<!doctype html>
<img id="plain" data-p2p="${escaped(input.image)}" data-else="/other.svg">
<img id="absent" data-p2p="${escaped(input.absent)}" data-else="/other.svg">
<img id="only" data-p2p="${escaped(input.image)}">
<p data-p2p-missing hidden>Start universal-p2p.</p>
<script data-agent="${agent}" src="/embed.js"></script>`;

/** ZeroNet's wrapper: answers calls that carry its nonce. */
const wrapper = `<!doctype html><iframe sandbox="${sandbox}" src="/site?wrapper_nonce=abc123"></iframe><script>
addEventListener('message', ({ source, data }) => {
  if (data.wrapper_nonce !== 'abc123' || data.cmd !== 'siteInfo') return;
  source.postMessage({ cmd: 'response', to: 1, result: { address: 'of another call' } }, '*');
  source.postMessage({ cmd: 'response', to: data.id, result: { address: '${site}' } }, '*');
});</script>`;

const pages = (agent) => ({
  '/wrapper': wrapper,
  '/page': page(agent),
  '/site?wrapper_nonce=abc123': page(agent),
  '/embed.js': [script, 'text/javascript'],
  '/other.svg': ['<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>', 'image/svg+xml'],
});

/** Waits until every picture came or failed for good; gives widths and addresses, and whether the notice is seen. */
async function look() {
  const seen = {};
  for (const image of document.images) {
    while (!image.src || !image.complete || (image.dataset.else && !image.naturalWidth)) {
      await new Promise((again) => setTimeout(again, 20));
    }
    seen[image.id] = [image.naturalWidth, image.src];
  }
  return { ...seen, notice: !document.querySelector('[data-p2p-missing]').hidden };
}

async function opened(context, origin, path) {
  const tab = await context.newPage();
  await tab.goto(origin + path);
  const frame = tab.frames().at(-1);
  await frame.waitForSelector('#plain', { state: 'attached' });
  return [tab, frame];
}

await withBrowser(async (context) => {
  await otherOrigin(pages(input.agent), async (origin) => {
    for (const [path, from] of [['/page', new URL(origin).host], ['/wrapper', site]]) {
      const [tab, frame] = await opened(context, origin, path);
      const seen = await evaluated(frame, look);
      const address = `${input.agent}${input.image}`;
      const asked = `${address}${address.includes('?') ? '&' : '?'}from=${encodeURIComponent(from)}`;
      assert.deepEqual(seen.plain.map(decodeURIComponent), [String(input.width), decodeURIComponent(asked)], path);
      assert.equal(seen.absent[0], 7, path);
      assert.equal(seen.only[0], input.width, path);
      assert.equal(seen.notice, false, path);
      await tab.close();
    }
  });
  // nobody listens on the port of a server that is gone
  let gone;
  await otherOrigin({}, async (origin) => {
    gone = origin;
  });
  await otherOrigin(pages(gone), async (origin) => {
    for (const path of ['/page', '/wrapper']) {
      const [tab, frame] = await opened(context, origin, path);
      await frame.waitForSelector('[data-p2p-missing]', { state: 'visible', timeout: patience });
      const widths = await frame.evaluate(async () => {
        const image = document.querySelector('#plain');
        await image.decode();
        return [image.naturalWidth, document.querySelector('#only').naturalWidth];
      });
      assert.deepEqual(widths, [7, 0], path);
      await tab.close();
    }
  });
});
