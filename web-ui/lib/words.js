// The agent's words, explained.

import { plural } from './format.js';

/** How well it is known who asked: a label, and what it rests on. */
export const EVIDENCE = {
  origin: ['Origin', 'The browser named the page’s origin. A page cannot forge it.'],
  referer: ['Referer', 'The browser named the page it came from. A page can leave it out, but not name another.'],
  claimed: ['Claimed', 'The page named itself with from= in the address. Nothing checks it; a claim gives no rights.'],
  unknown: ['Unknown', 'Nobody said. Players, command lines, and pages that hide where they come from.'],
};

/** What a stream waits for: a label, and what it means. */
export const WAITS = {
  metadata: ['Waits for list', 'Peers were found; the list of files is still missing.'],
  peers: ['Waits for peers', 'Nobody who has it was reached yet.'],
  data: ['Waits for data', 'Peers are connected, and the next bytes have not arrived.'],
  room: ['Waits for room', 'The disk is full, and everything on it is pinned or being read.'],
  client: ['Player is full', 'The player has enough for now and takes no more.'],
  decoder: ['Unpacking', 'The archive is being unpacked up to this place.'],
};

/** Why something was given up. */
export const REASONS = {
  limit: ['Limit', 'The disk limit was near or reached.'],
  keep_free: ['Kept free', 'The file system had less free than is always to stay free.'],
  inodes: ['Inodes', 'The file system was short of inodes, its entries for files.'],
  documents: ['Documents', 'Metadata had outgrown its own part of the limit.'],
  asked: ['Asked for', 'Somebody asked for room.'],
};

/** Why an item is still there, in one sentence. */
export function whyKept(item, count) {
  if (item.pinned) return 'Pinned: it stays until you unpin it, whatever happens.';
  if (item.kept === 'in use') {
    return `In use by ${plural(item.streams, 'stream')}: what lies ahead of a reader stays.`;
  }
  if (!item.disk) return 'Nothing of it is on this disk.';
  if (item.queue) {
    const place = item.queue === 1 ? 'It goes first' : `${plural(item.queue - 1, 'item')} of ${count} go before it`;
    return `Kept because it was used recently. ${place} when room is needed.`;
  }
  return 'Kept because it was used recently.';
}

/** The label of why an item is kept. */
export function keptLabel(item) {
  if (item.pinned) return 'Pinned';
  if (item.kept === 'in use') return 'In use';
  return item.queue ? `Goes ${ordinal(item.queue)}` : 'Recent';
}

/** 1st, 2nd, 3rd, 11th. */
function ordinal(count) {
  const tens = count % 100;
  const end = tens > 10 && tens < 14 ? 'th' : ({ 1: 'st', 2: 'nd', 3: 'rd' }[count % 10] ?? 'th');
  return `${count}${end}`;
}
