// Pages of other origins against a real agent: no call, no frame, no name that leads here gets them anything.

import assert from 'node:assert/strict';
import { input, otherOrigin, withBrowser } from '../chromium.mjs';

const { management, token, calls } = input;

/** What a page gets of calls, as a script of it sees it. */
async function tried(page, headers, mode) {
  return page.evaluate(
    async ([base, all, sent, how]) => {
      const got = [];
      for (const [method, path] of all) {
        const body = ['GET', 'DELETE'].includes(method) ? undefined : '{"disk.limit":"16MB"}';
        await fetch(base + path, { method, headers: sent, mode: how, body }).then(
          (answer) => answer.type === 'opaque' || got.push(`${method} ${path}: ${answer.status}`),
          () => {},
        );
      }
      return got;
    },
    [management, calls, headers, mode],
  );
}

await withBrowser(
  async (context) => {
    const page = await context.newPage();
    await otherOrigin({ '/': '<!doctype html><title>evil</title>' }, async (origin) => {
      await page.goto(origin);
      assert.deepEqual(await tried(page, { Authorization: `Bearer ${token}` }, 'cors'), []);
      assert.deepEqual(await tried(page, {}, 'cors'), []);
      const simple = calls.filter(([method]) => ['GET', 'POST'].includes(method));
      assert.ok(simple.length > 5);
      // what a page may send without asking; the test looks whether it changed anything
      await page.evaluate(
        ([base, all]) =>
          Promise.all(
            all.map(([method, path]) =>
              fetch(base + path, { method, mode: 'no-cors', body: method === 'POST' ? '{}' : undefined }).catch(() => {}),
            ),
          ),
        [management, simple],
      );
      // neither shown in a frame nor run as a script
      const seen = await page.evaluate(async (base) => {
        const loaded = (element, source) =>
          new Promise((done) => {
            element.onload = () => done('loaded');
            element.onerror = () => done('refused');
            element.src = source;
            document.body.append(element);
          });
        await loaded(document.createElement('iframe'), `${base}/`);
        return [
          await loaded(document.createElement('script'), `${base}/api/v0/status`),
          await loaded(document.createElement('img'), `${base}/icon.svg`),
          new Promise((done) => {
            const events = new EventSource(`${base}/api/v0/events`);
            events.onopen = () => done('open');
            events.onerror = () => done('refused');
          }),
        ].reduce(async (all, one) => [...(await all), await one], Promise.resolve([]));
      }, management);
      assert.deepEqual(seen, ['refused', 'refused', 'refused']);
      const frame = page.frames().find((each) => each !== page.mainFrame());
      assert.match(frame.url(), /^chrome-error:/);
    });
    // a name of a stranger that leads here is refused, and gets no token
    const rebound = await context.newPage();
    const answer = await rebound.goto(`http://evil.example:${new URL(management).port}/`);
    assert.equal(answer.status(), 421);
    assert.ok(!(await rebound.content()).includes(token));
    const own = await rebound.evaluate(
      async ([all, secret]) => {
        const got = [];
        for (const [method, path] of all) {
          const answered = await fetch(path, { method, headers: { Authorization: `Bearer ${secret}` } });
          got.push(answered.status);
        }
        return [...new Set(got)];
      },
      [calls, token],
    );
    assert.deepEqual(own, [421]);
  },
  ['--host-resolver-rules=MAP evil.example 127.0.0.1'],
);
