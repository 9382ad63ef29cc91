// A page of another origin, plain and inside a sandboxed frame: the film plays and seeks, the picture shows.

import assert from 'node:assert/strict';
import { escaped, evaluated, input, otherOrigin, watched, withBrowser } from './chromium.mjs';

// as ZeroNet frames its sites: without allow-same-origin, so that the page's origin is `null`
const sandbox = 'allow-forms allow-scripts allow-top-navigation allow-popups';

const page = `<!doctype html>
<video muted controls src="${escaped(input.video)}"></video>
<img src="${escaped(input.image)}">`;

const pages = {
  '/plain': page,
  '/framed': `<!doctype html><iframe sandbox="${sandbox}" src="/plain" width="800" height="600"></iframe>`,
};

/** Waits for the picture and gives its width; 0 where it is broken. */
async function look() {
  const image = document.querySelector('img');
  await image.decode().catch(() => {});
  return image.naturalWidth;
}

await withBrowser(async (context) => {
  await otherOrigin(pages, async (origin) => {
    for (const path of Object.keys(pages)) {
      const tab = await context.newPage();
      await tab.goto(origin + path);
      const frame = tab.frames().at(-1);
      await frame.waitForSelector('video', { state: 'attached' });
      const framed = path === '/framed';
      assert.equal(await frame.evaluate(() => self.origin), framed ? 'null' : origin);
      await watched(frame, input, path);
      assert.equal(await evaluated(frame, look), input.width, path);
      // reading by script is open to every page, the range as well
      const part = await frame.evaluate(async (address) => {
        const answer = await fetch(address, { headers: { Range: 'bytes=0-3' } });
        return [answer.status, answer.headers.get('Content-Range'), (await answer.arrayBuffer()).byteLength];
      }, input.video);
      assert.deepEqual([part[0], part[2]], [206, 4], path);
      assert.match(part[1], /^bytes 0-3\//, path);
      await tab.close();
    }
  });
});
