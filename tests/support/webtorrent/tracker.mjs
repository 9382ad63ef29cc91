// A tracker over HTTP and UDP, which prints its ports and then a line for everything it is told.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// tests/run installs it under target/, not beside this file
const installed = fileURLToPath(new URL('../../../target/webtorrent/', import.meta.url));
const { Server } = createRequire(installed)('bittorrent-tracker');

const tell = (line) => console.log(JSON.stringify(line));

const tracker = new Server({ ws: false, stats: false });
tracker.on('error', (error) => {
  throw error;
});
for (const event of ['start', 'update', 'complete', 'stop']) {
  tracker.on(event, (_, { info_hash: infohash, port, left, type }) => {
    tell({ event, infohash, port, left, over: type });
  });
}
tracker.listen(0, { http: '127.0.0.1', udp: '127.0.0.1', udp6: '::1' }, () => {
  tell({ http: tracker.http.address().port, udp: tracker.udp4.address().port });
});

// it ends with its input
process.stdin.resume().on('end', () => process.exit(0));
