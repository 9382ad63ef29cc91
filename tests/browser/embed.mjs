// A page of another origin, plain and inside a sandboxed frame: the film plays and seeks, the picture shows.

import assert from 'node:assert/strict';
import { escaped, evaluated, input, otherOrigin, withBrowser } from './chromium.mjs';

// as ZeroNet frames its sites: without allow-same-origin, so that the page's origin is `null`
const sandbox = 'allow-forms allow-scripts allow-top-navigation allow-popups';

const page = `<!doctype html>
<video muted controls src="${escaped(input.video)}"></video>
<img src="${escaped(input.image)}">`;

const pages = {
  '/plain': page,
  '/framed': `<!doctype html><iframe sandbox="${sandbox}" src="/plain" width="800" height="600"></iframe>`,
};

/** Plays, seeks to the end, to the middle, to the start; says where the film stood after each. */
async function watch() {
  const video = document.querySelector('video');
  const moment = (name) =>
    new Promise((resolve, reject) => {
      video.addEventListener(name, resolve, { once: true });
      video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
    });
  if (video.error) throw new Error(video.error.message);
  if (video.readyState < HTMLMediaElement.HAVE_METADATA) await moment('loadedmetadata');
  const seen = { duration: video.duration, places: [] };
  for (const part of [0, 0.95, 0.5, 0.1]) {
    const target = video.duration * part;
    const arrived = moment('seeked');
    video.currentTime = target;
    await arrived;
    await video.play();
    while (video.currentTime <= target) await moment('timeupdate');
    video.pause();
    seen.places.push(video.currentTime / video.duration);
  }
  const quality = video.getVideoPlaybackQuality();
  return { ...seen, frames: quality.totalVideoFrames, width: video.videoWidth };
}

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
      const seen = await evaluated(frame, watch);
      assert.ok(Math.abs(seen.duration - input.duration) < 0.5, `${path}: ${JSON.stringify(seen)}`);
      assert.equal(seen.width, input.width, path);
      assert.ok(seen.frames > 0, path);
      for (const [index, part] of [0, 0.95, 0.5, 0.1].entries()) {
        assert.ok(seen.places[index] > part && seen.places[index] < part + 0.4, `${path}: ${seen.places}`);
      }
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
