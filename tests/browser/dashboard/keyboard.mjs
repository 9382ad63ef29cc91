// Without a mouse: the way through the page, the map by arrow keys, and where the focus goes.

import assert from 'node:assert/strict';
import { eventually, steps, withDashboard } from './support.mjs';

/** What has the focus, in words. */
const focus = (page) =>
  page.evaluate(() => {
    const node = document.activeElement;
    return `${node.tagName.toLowerCase()}${node.id ? `#${node.id}` : ''}${node.className && typeof node.className === 'string' ? `.${node.className.split(' ')[0]}` : ''} ${(node.getAttribute('aria-label') ?? node.textContent ?? '').trim().slice(0, 40)}`;
  });

/** Whether what has the focus can be seen to have it, and is not hidden under the bars. */
const isSeen = (page) =>
  page.evaluate(() => {
    const node = document.activeElement;
    const own = node.closest('.open-line') ?? node;
    const { outlineStyle, outlineWidth } = getComputedStyle(own);
    const box = node.getBoundingClientRect();
    const at = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 20));
    return {
      outline: outlineStyle !== 'none' && parseFloat(outlineWidth) > 0,
      top: Boolean(
        at &&
        (node === at || node.contains(at) || at.contains(node) || node.closest('label, .open-line')?.contains(at)),
      ),
    };
  });

await steps({
  'the tab key goes through everything in order, and is always seen': (context) =>
    withDashboard(context, { items: 12, streams: 2, still: true }, async ({ page, open }) => {
      await open('#/items');
      const way = [];
      for (let step = 0; step < 60; step += 1) {
        await page.keyboard.press('Tab');
        const here = await focus(page);
        if (here.startsWith('body')) break;
        way.push(here);
        const seen = await isSeen(page);
        assert.ok(seen.outline, `no outline: ${here}`);
        assert.ok(seen.top, `hidden: ${here}`);
      }
      assert.match(way[0], /Skip to content/);
      const at = (pattern) => way.findIndex((here) => pattern.test(here));
      const order = [
        /universal-p2p/,
        /#paste/,
        /#theme/,
        /Overview/,
        /Settings/,
        /#search/,
        /#network/,
        /Table/,
        /Name/,
        /^a\.name/,
        /Pin /,
        /Remove /,
      ].map(at);
      assert.ok(
        order.every((place, step) => place >= 0 && (step === 0 || place > order[step - 1])),
        `${order}\n${way.join('\n')}`,
      );
      // twelve rows of a name, a pin and a removal, which what is pinned has not
      assert.ok(way.filter((here) => here.startsWith('a.name')).length === 12, way.join('\n'));
    }),

  'the skip link leads to the content, and a view begins at its heading': (context) =>
    withDashboard(context, { still: true }, async ({ page, open }) => {
      await open();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      assert.match(await focus(page), /^h1 Overview/);
      await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Sites' }).focus();
      await page.keyboard.press('Enter');
      await eventually(() => focus(page), /^h1 Sites/, 'the heading');
      assert.match(await page.title(), /^Sites/);
    }),

  'the map is one stop, walked by the arrow keys': (context) =>
    withDashboard(context, { items: 60, streams: 3, still: true }, async ({ page, open }) => {
      await open('#/items?as=map');
      assert.equal(await page.locator('.tile[tabindex="0"]').count(), 1);
      await page.locator('.tile[tabindex="0"]').focus();
      const box = () =>
        page.evaluate(() => {
          const { x, y, width, height } = document.activeElement.getBoundingClientRect();
          return { x: x + width / 2, y: y + height / 2, tile: document.activeElement.classList.contains('tile') };
        });
      let here = await box();
      for (const [key, axis, sign] of [
        ['ArrowRight', 'x', 1],
        ['ArrowDown', 'y', 1],
        ['ArrowLeft', 'x', -1],
        ['ArrowUp', 'y', -1],
      ]) {
        await page.keyboard.press(key);
        const now = await box();
        assert.ok(now.tile && (now[axis] - here[axis]) * sign > 0, `${key}: ${JSON.stringify([here, now])}`);
        here = now;
      }
      await page.keyboard.press('End');
      await page.keyboard.press('Home');
      assert.equal(await page.locator('.tile[tabindex="0"]').count(), 1);
      assert.match(await page.locator('.map-told').innerText(), /·/);
      await page.keyboard.press('Enter');
      await eventually(() => page.url(), /#\/item\//, 'the view of the item');
    }),

  'the focus survives what comes in': (context) =>
    withDashboard(context, { items: 200, streams: 20, tick: 150, restless: 200 }, async ({ page, open }) => {
      await open('#/items');
      const link = page.locator('tbody th a').nth(3);
      const href = await link.getAttribute('href');
      await link.focus();
      await page.waitForTimeout(1500);
      assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), href);
      await open('#/items?as=map');
      await page.locator('.tile').nth(4).focus();
      const tile = await page.evaluate(() => document.activeElement.hash);
      await page.waitForTimeout(1500);
      assert.equal(await page.evaluate(() => document.activeElement.hash), tile);
    }),

  'a removal by keyboard leaves the focus somewhere useful': (context) =>
    withDashboard(context, { still: true }, async ({ page, open }) => {
      await open('#/items');
      await page
        .getByRole('button', { name: /^Remove/ })
        .nth(2)
        .focus();
      await page.keyboard.press('Enter');
      await page.locator('#notices').getByText('Removed').waitFor();
      assert.match(await focus(page), /^(button|a|h1|main)/);
      await page.keyboard.press('Control+z');
      await page.locator('#notices').getByText('Removed').waitFor({ state: 'detached' });
    }),

  'a dialog holds the focus and gives it back': (context) =>
    withDashboard(context, {}, async ({ page, open }) => {
      await open('#/collections');
      await page.getByRole('button', { name: 'Make room' }).focus();
      await page.keyboard.press('Enter');
      assert.match(await focus(page), /Cancel/);
      await page.keyboard.press('Escape');
      await eventually(() => focus(page), /Make room/, 'the focus');
    }),

  'what moves by itself is not read out': (context) =>
    withDashboard(context, { items: 100, streams: 20, tick: 150 }, async ({ page, open }) => {
      await open('#/overview');
      await page.evaluate(() => {
        window.said = [];
        for (const node of document.querySelectorAll('[aria-live], [role=status], [role=alert]')) {
          new MutationObserver(() => window.said.push(node.textContent)).observe(node, {
            childList: true,
            characterData: true,
            subtree: true,
          });
        }
      });
      await page.waitForTimeout(1500);
      assert.deepEqual(await page.evaluate(() => window.said), []);
    }),
});
