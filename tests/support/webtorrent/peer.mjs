// One torrent in a WebTorrent client: TCP only, and no peers but those it is told of.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// tests/run installs it under target/, not beside this file
const installed = fileURLToPath(new URL('../../../target/webtorrent/', import.meta.url));
const WebTorrent = createRequire(installed)('webtorrent');

const { metainfo, folder, port, peers } = JSON.parse(process.argv[2]);

const client = new WebTorrent({
  dht: false,
  lsd: false,
  natPmp: false,
  natUpnp: false,
  torrentPort: port,
  tracker: false,
  utPex: false,
  utp: false,
});
client.on('error', (error) => {
  throw error;
});

const torrent = client.add(readFileSync(metainfo), { path: folder, announce: [] });
torrent.on('ready', () => {
  console.log('ready');
  for (const peer of peers) torrent.addPeer(peer);
});

// it ends with its input
process.stdin.resume().on('end', () => process.exit(0));
