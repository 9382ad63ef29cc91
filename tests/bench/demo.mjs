// Starts the demo and looks at its page in Chromium: prints, in seconds after the start of the program, when the address of
// the page was told and when the first picture of the playing film was seen. Argument: {"program": PATH, "open": whether the
// browser is open before}.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { evaluated, input, withBrowser } from '../browser/chromium.mjs';

/** Starts the program; gives the address of the page, the process, and a clock that began with it. */
async function started() {
  const begun = performance.now();
  const program = spawn(input.program, ['demo', '--no-open'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: program.stdout })) {
    const page = /^ *page +(http\S+)/.exec(line)?.[1];
    const clock = () => (performance.now() - begun) / 1000;
    if (page) return { page, program, clock, told: clock() };
  }
  throw new Error('it ended without a page');
}

/** Waits for a picture of the film that is not the still one from its start. */
async function frame() {
  let film;
  while (!(film = document.querySelector('video'))) await new Promise(requestAnimationFrame);
  let seen;
  do {
    seen = await new Promise((shown) => film.requestVideoFrameCallback((_, metadata) => shown(metadata)));
  } while (seen.mediaTime === 0);
}

const early = input.open ? undefined : await started();
let ended;
await withBrowser(async (context) => {
  const tab = await context.newPage();
  const { page, program, clock, told } = early ?? (await started());
  ended = new Promise((end) => program.on('exit', end));
  try {
    await tab.goto(page, { waitUntil: 'commit' });
    await evaluated(tab.mainFrame(), frame);
    console.log(JSON.stringify({ told, frame: clock() }));
  } finally {
    program.kill();
  }
});
await ended;
