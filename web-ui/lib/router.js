// Views by the address after `#`: it works without a server's help, and the back button does what it says.

/** What the address names: `#/item/ipfs/bafy…?path=a/` is { name: 'item', parts: [...], query }. */
export function route() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [name, ...parts] = path.split('/').map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { name: name || 'overview', parts, query: new URLSearchParams(query) };
}

/** Goes somewhere. */
export function go(hash) {
  location.hash = hash;
}

/** Changes the query without a step in the history: a search is not a place to go back to. */
export function setQuery(changes) {
  const { query } = route();
  for (const [key, value] of Object.entries(changes)) {
    if (value) query.set(key, value);
    else query.delete(key);
  }
  const path = location.hash.split('?')[0] || '#/';
  history.replaceState(null, '', query.size ? `${path}?${query}` : path);
}
