// Shows files of BitTorrent and IPFS in a page by way of universal-p2p, which runs on the visitor's own machine.
//
//   <video controls data-p2p="/bittorrent/v0/stream/<infohash>/film.mp4" data-else="https://example.org/film.mp4"></video>
//   <img data-p2p="/ipfs/v0/stream/<cid>/comic.cbz/1.jpg" alt="The first page">
//   <p data-p2p-missing hidden>These pictures come by <a href="https://example.org/how">universal-p2p</a>: start it.</p>
//   <script src="embed.js"></script>
//
// data-else is shown where there is no agent, or the agent cannot get the file; without it what is in
// [data-p2p-missing] appears until an agent runs. It is a plain script, as ZeroNet's sandbox lets no module in.
// Scripts of the page make links by `await p2p.url(path)`, and show what they add by `p2p.show(element)`.
'use strict';
globalThis.p2p = ((agent) => {
  // ZeroNet's sandbox hides who asks, so the site says it: its wrapper knows the address
  const site = new Promise((known) => {
    const nonce = /[?&]wrapper_nonce=(\w+)/.exec(location.search)?.[1];
    if (!nonce) return known(location.host);
    const id = 900000 + Math.floor(Math.random() * 99999); // far from those of ZeroFrame
    addEventListener('message', ({ source, data }) => {
      if (source === parent && data?.cmd === 'response' && data.to === id) known(data.result?.address ?? '');
    });
    parent.postMessage({ cmd: 'siteInfo', params: {}, id, wrapper_nonce: nonce }, '*');
    setTimeout(known, 3000, '');
  });

  /** Whether an agent answers. Asking for the state of nothing starts nothing. */
  const isRunning = () => fetch(`${agent}/bittorrent/v0/status/${'0'.repeat(40)}`).then(() => true, () => false);

  /** The address of a file on the agent. */
  const url = async (path) => {
    const made = new URL(path, agent);
    if (await site) made.searchParams.set('from', await site);
    return made.href;
  };

  /** Shows what an element names; gives whether an agent is there, or is not needed. */
  const show = async (element) => {
    const otherwise = element.dataset.else;
    const running = await isRunning();
    const failed = () => otherwise && (element.src = otherwise);
    if (running) element.addEventListener('error', failed, { once: true });
    if (running) element.src = await url(element.dataset.p2p);
    else failed();
    return running || Boolean(otherwise);
  };

  /** Shows every element that is not shown yet, and tells where an agent is missing. */
  let looking = false;
  const showAll = async () => {
    if (looking) return; // both events may come at once
    looking = true;
    const waiting = document.querySelectorAll('[data-p2p]:not([src])');
    const shown = await Promise.all([...waiting].map(show));
    for (const notice of document.querySelectorAll('[data-p2p-missing]')) notice.hidden = !shown.includes(false);
    looking = false;
  };

  addEventListener('DOMContentLoaded', showAll);
  addEventListener('focus', showAll); // somebody may come back who has started it
  return { url, show, isRunning };
})(document.currentScript.dataset.agent ?? 'http://127.0.0.1:7788');
