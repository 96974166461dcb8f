// Files, places, people and polls: how they look on the phone, and how the customer sends a file.
const fileUrl = (media) => `/control/media/${media.id}`;

function sizeOf(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1048576 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

// What can be shown of a message's file; nothing when its bytes are not what the message says.
function mediaContent(message, words) {
  const { media, type } = message, url = fileUrl(media), looks = media.looks_like ?? '';
  const whole = (...children) => node('a', { href: url, target: '_blank', rel: 'noopener' }, ...children);
  if (type === 'image' && looks.startsWith('image/')) {
    return [whole(node('img', { class: 'picture', src: url, alt: 'Photo', loading: 'lazy' })), words];
  }
  if (type === 'sticker' && looks.startsWith('image/')) return [node('img', { class: 'sticker', src: url, alt: 'Sticker', loading: 'lazy' })];
  if (type === 'video' && looks.startsWith('video/')) {
    return [node('video', { class: 'picture', src: url, controls: true, preload: 'metadata', 'aria-label': 'Video' }), words];
  }
  if (type === 'audio' && looks.startsWith('audio/')) {
    const label = media.voice ? 'Voice message' : 'Audio';
    return [node('p', { class: 'kind' }, icon(TILES.audio[0]), label), node('audio', { src: url, controls: true, preload: 'none', 'aria-label': label })];
  }
  const name = media.file_name ?? TILES[type]?.[1] ?? 'Photo';
  const caption = message.body?.caption ? node('div', { class: 'words' }, formatted(message.body.caption)) : null;
  return [
    node('a', { class: 'tile', href: url, target: '_blank', rel: 'noopener', download: media.file_name },
      icon(TILES.document[0]), node('span', {}, name, node('small', {}, `${sizeOf(media.size)} · ${media.mime}`))),
    caption,
  ];
}

function placeContent({ body }) {
  const { name, address, latitude, longitude } = body ?? {};
  return [node('div', { class: 'tile' }, icon(TILES.location[0]),
    node('span', {}, name || 'Location', address && node('small', {}, address), node('small', {}, `${latitude}, ${longitude}`)))];
}

function contactsContent({ body }) {
  return (Array.isArray(body) ? body : []).map((contact) => node('div', { class: 'tile' }, icon(TILES.contacts[0]),
    node('span', {}, contact.name?.formatted_name ?? 'Contact', ...(contact.phones ?? []).map(({ phone }) => node('small', {}, phone)))));
}

function pollContent({ body }) {
  return [node('div', { class: 'words' }, node('b', {}, body?.question ?? 'Poll')),
    node('ul', { class: 'poll' }, ...(body?.options ?? []).map((option) => node('li', {}, option)))];
}

// ---- sending ----

function kindOf(file) {
  if (['image/jpeg', 'image/png'].includes(file.type)) return 'image';
  if (file.type === 'image/webp') return 'sticker';
  if (['video/mp4', 'video/3gpp'].includes(file.type)) return 'video';
  return file.type.startsWith('audio/') ? 'audio' : 'document';
}

async function sendFile(file) {
  const response = await fetch('/control/media', { method: 'POST', body: file });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `The sandbox answered ${response.status}.`);
  const kind = kindOf(file), caption = kind === 'audio' || kind === 'sticker' ? '' : takeWords();
  sendExtra({ media: { kind, file: answer.id, file_name: file.name, ...(file.type ? { mime: file.type } : {}), ...(caption ? { caption } : {}) } });
}
