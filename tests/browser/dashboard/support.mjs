// What the scripts on the dashboard have in common. They run against the mock, or against a real agent
// whose dashboard `input.address` names; what only a mock can do is left out there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { input, patience, withBrowser } from '../chromium.mjs';
import { mockAgent } from '../mock/agent.mjs';

const installed = fileURLToPath(new URL('../../../target/browser/', import.meta.url));
const axe = readFileSync(createRequire(installed).resolve('axe-core/axe.min.js'), 'utf8');

/** Whether the scripts run against the mock. */
export const isMock = !input.address;

/** Messages of the browser itself that tell of an answer that the script caused. */
const EXPECTED = [/Failed to load resource/, /net::ERR_/];

/**
 * Runs a test against an agent: `test({ page, agent, open, api })`. `agent` is the mock, or null.
 * Whatever a page logs as an error fails the test, refusals of the security policy above all.
 */
export async function withDashboard(
  context,
  scenario,
  test,
  { viewport = { width: 1280, height: 900 }, colorScheme = 'light' } = {},
) {
  const agent = isMock ? await mockAgent(scenario) : null;
  const address = agent?.origin ?? input.address;
  const browser = context.browser();
  const own = await browser.newContext({
    viewport,
    colorScheme,
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  own.setDefaultTimeout(patience);
  const page = await own.newPage();
  const troubles = [];
  page.on('pageerror', (error) => troubles.push(error.stack));
  page.on('console', (message) => {
    const text = message.text();
    if (['error', 'warning'].includes(message.type()) && !EXPECTED.some((pattern) => pattern.test(text)))
      troubles.push(text);
  });
  const dashboard = {
    page,
    agent,
    address,
    /** Opens a view and waits until its data is there. */
    async open(hash = '#/overview') {
      await page.goto('about:blank');
      await page.goto(`${address}/${hash}`);
      await page.locator('main[class^=view-]').waitFor();
      await page.locator('#connection[data-state=live]').waitFor();
      await page.locator('main .loading').first().waitFor({ state: 'detached' });
    },
    /** Calls the management plane as the page does. */
    api: (path, method = 'GET', body) =>
      page.evaluate(
        async ([call, how, what]) => {
          const token = document.querySelector('meta[name=token]').content;
          const answer = await fetch(`/api/v0${call}`, {
            method: how,
            headers: { Authorization: `Bearer ${token}` },
            body: what && JSON.stringify(what),
          });
          const text = await answer.text();
          return text ? JSON.parse(text) : answer.status;
        },
        [path, method, body],
      ),
    troubles,
  };
  try {
    await test(dashboard);
    assert.deepEqual(troubles, []);
  } catch (error) {
    const seen = await page
      .locator('main')
      .innerText()
      .catch(() => '');
    error.message = `${error.message}\n${troubles.join('\n')}\nshown: ${seen.slice(0, 600)}`;
    throw error;
  } finally {
    await own.close();
    await agent?.stop();
  }
}

/** Runs named steps one after another, so that a failure says which it was. */
export async function steps(named) {
  await withBrowser(async (context) => {
    for (const [name, step] of Object.entries(named)) {
      try {
        await step(context);
      } catch (error) {
        throw new Error(`${name}: ${error.message}`, { cause: error });
      }
    }
  });
}

/** Waits until something is so, and says what was instead where it never is. */
export async function eventually(look, wanted, what) {
  const end = Date.now() + 20_000;
  let seen;
  do {
    seen = await look();
    if (wanted instanceof RegExp ? wanted.test(seen) : seen === wanted) return;
    await new Promise((next) => setTimeout(next, 50));
  } while (Date.now() < end);
  assert.fail(`${what}: ${JSON.stringify(seen)}, not ${wanted}`);
}

/** Every view, by its address; `item` is one that is there. */
export function everyView(item) {
  const path = `${item.protocol}/${item.id}`;
  return [
    '#/overview',
    '#/items',
    '#/items?as=map',
    `#/item/${path}`,
    '#/streams',
    '#/sites',
    '#/sharing',
    '#/settings',
    '#/collections',
  ];
}

/** Lets axe-core look at what is shown now: it may find nothing serious. */
export async function accessible(page, what) {
  // the policy forbids scripts of others in the page; the debugger may evaluate
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const grave = found.violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  const told = grave.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 3)
        .map((node) => `${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 240)}`)
        .join('\n  ')}`,
  );
  assert.deepEqual(told, [], what);
  const light = found.violations.map(({ id, nodes }) => `${id} (${nodes[0].target})`);
  if (light.length) console.log(`${what}: minor: ${light}`);
}
