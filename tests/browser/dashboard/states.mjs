// What is seen when there is nothing, when it takes long, when it fails, and when the agent goes away. Only a mock does all of it.

import assert from 'node:assert/strict';
import { eventually, steps, withDashboard } from './support.mjs';

const REFUSED = { status: 500, reason: 'internal', detail: 'the agent failed; its log says why', times: 99 };

await steps({
  'nothing on the disk: every view says what to do': (context) =>
    withDashboard(context, { items: 0, streams: 0 }, async ({ page, open }) => {
      for (const [view, words] of [
        ['#/overview', 'Nothing on the disk yet'],
        ['#/items', 'Nothing on the disk yet'],
        ['#/streams', 'Nobody reads anything'],
        ['#/sites', 'No site has asked'],
        ['#/sharing', 'Nothing is shared'],
        ['#/collections', 'Nothing had to go so far'],
      ]) {
        await open(view);
        await page.getByText(words).first().waitFor();
      }
      await open('#/overview');
      await page.getByText('<video controls src=').waitFor();
    }),

  'slow answers: the frame stands and says that it waits': (context) =>
    withDashboard(context, { slow: 3_600_000 }, async ({ page, address, agent }) => {
      await page.goto(`${address}/#/items`);
      await page.locator('main .loading').waitFor();
      assert.equal(await page.locator('#connection').innerText(), 'Connecting');
      agent.hurry();
      await page.locator('tbody tr a').first().waitFor();
      assert.equal(await page.locator('main .loading').count(), 0);
    }),

  'no jumps: what was drawn stays where it is when data comes': (context) =>
    withDashboard(context, { slow: 700, items: 300, streams: 9, still: true }, async ({ page, address }) => {
      await page.addInitScript(() => {
        window.shift = 0;
        window.moved = [];
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) {
            if (entry.hadRecentInput) continue;
            window.shift += entry.value;
            for (const { node } of entry.sources) window.moved.push(`${node?.nodeName}.${node?.className}`);
          }
        }).observe({ type: 'layout-shift', buffered: true });
      });
      for (const view of ['#/overview', '#/items', '#/streams', '#/sites', '#/settings']) {
        await page.goto('about:blank');
        await page.goto(`${address}/${view}`);
        await page.locator('main[class^=view-]').waitFor();
        await page.locator('main .loading').first().waitFor({ state: 'detached' });
        await page.waitForTimeout(1500);
        // 0.1 is what is commonly called good
        const [shift, moved] = await page.evaluate(() => [window.shift, window.moved]);
        assert.ok(shift < 0.02, `${view}: ${shift} by ${moved}`);
      }
    }),

  'failures are told, with a way to try again': (context) =>
    withDashboard(context, {}, async ({ page, open, agent }) => {
      for (const [view, call] of [
        ['#/sites', 'GET /usage'],
        ['#/settings', 'GET /settings'],
        ['#/sharing', 'GET /shares'],
        ['#/collections', 'GET /collections'],
      ]) {
        agent.fail(call, REFUSED);
        await open(view);
        await page.getByText('This could not be read').waitFor();
        agent.faults.clear();
        await page.getByRole('button', { name: 'Try again' }).click();
        await page.getByText('This could not be read').waitFor({ state: 'detached' });
      }
      const [item] = agent.items;
      agent.fail(`GET /items/${item.protocol}/${item.id}/files`, REFUSED);
      await open(`#/item/${item.protocol}/${item.id}`);
      await page.getByText('This could not be read').waitFor();
      agent.faults.clear();
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('link', { name: 'film.mp4' }).waitFor();
    }),

  'the event stream breaks: it is taken up again without a word': (context) =>
    withDashboard(context, { tick: 200 }, async ({ page, open, agent }) => {
      await open('#/items');
      const count = agent.items.length;
      agent.listeners.breakAll();
      agent.items = agent.items.slice(0, count - 3);
      await eventually(
        () => page.locator('table.list').getAttribute('aria-rowcount'),
        String(count - 2),
        'the state after the break',
      );
      assert.equal(await page.locator('#connection').innerText(), 'Live');
      assert.equal(await page.locator('#lost').isVisible(), false);
    }),

  'the agent restarts: what is seen is marked as old, then as it is': (context) =>
    withDashboard(context, { tick: 200 }, async ({ page, open, agent }) => {
      await open('#/items');
      await agent.stop();
      await page.locator('#lost').waitFor();
      assert.equal(await page.locator('#connection').innerText(), 'Not connected');
      assert.ok((await page.locator('tbody tr').count()) > 10, 'the rows stay');
      // a call fails with words, and what was done is taken back
      await page.getByRole('button', { name: /^Pin / }).first().click();
      await page.locator('#notices').getByText('The agent does not answer').waitFor();
      agent.items = agent.items.slice(5);
      await agent.again();
      await page.getByRole('button', { name: 'Try now' }).click();
      await eventually(
        () => page.locator('table.list').getAttribute('aria-rowcount'),
        String(agent.items.length + 1),
        'the state after the restart',
      );
      await page.locator('#lost').waitFor({ state: 'hidden' });
    }),

  'a token that is not valid any more is told': (context) =>
    withDashboard(context, {}, async ({ page, open, agent }) => {
      await open('#/items');
      agent.token = 'another';
      agent.listeners.breakAll();
      await page.locator('#lost').getByText('Reload').waitFor();
      await page.reload();
      await page.locator('#connection[data-state=live]').waitFor();
    }),

  'more items than one event holds are read in parts': (context) =>
    withDashboard(context, { items: 2500, streams: 0, still: true }, async ({ page, open }) => {
      await open('#/items');
      await eventually(() => page.locator('table.list').getAttribute('aria-rowcount'), '2501', 'all of them');
    }),

  'rows do not run away from the pointer': (context) =>
    withDashboard(context, { items: 40, streams: 0, still: true }, async ({ page, open, agent }) => {
      await open('#/items');
      const names = () =>
        page.locator('tbody th a').evaluateAll((links) =>
          links
            .slice(0, 6)
            .map((link) => link.hash)
            .join(),
        );
      const before = await names();
      await page.locator('tbody tr:not(.spacer)').nth(2).hover();
      const small = [...agent.items].sort((one, other) => one.disk - other.disk)[0];
      small.disk = 9e9;
      agent.listeners.changed(small);
      await page.locator('#gauge').getByText('%').waitFor();
      await page.waitForTimeout(600);
      assert.equal(await names(), before);
      await page.mouse.move(5, 400);
      agent.listeners.changed(small);
      await eventually(async () => (await names()) !== before, true, 'sorted anew');
    }),
});
