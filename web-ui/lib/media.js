// What a browser can show of a file by itself, told by its name as the page embedding it would.

const KINDS = {
  video: ['mp4', 'm4v', 'webm', 'mkv', 'mov', 'ogv'],
  audio: ['mp3', 'm4a', 'ogg', 'oga', 'opus', 'flac', 'wav', 'aac', 'weba'],
  image: ['jpg', 'jpeg', 'png', 'gif', 'webp', 'avif', 'svg', 'bmp', 'ico', 'jxl'],
};

/** "video", "audio", "image", or null. */
export function mediaKind(name) {
  const ending = /\.([a-z0-9]{1,5})$/i.exec(name ?? '')?.[1].toLowerCase();
  return Object.keys(KINDS).find((kind) => KINDS[kind].includes(ending)) ?? null;
}

/** What one puts into a page to embed a file. */
export function snippet(name, url) {
  const source = escaped(url);
  switch (mediaKind(name)) {
    case 'video':
      return `<video controls src="${source}"></video>`;
    case 'audio':
      return `<audio controls src="${source}"></audio>`;
    case 'image':
      return `<img src="${source}" alt="">`;
    default:
      return `<a href="${source}">${escaped(name)}</a>`;
  }
}

/** For the clipboard, where it becomes the HTML of somebody else's page. */
function escaped(text) {
  return String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
