// One message as a bubble on the customer's phone: the customer's own on the right.
const TILES = {
  audio: ['M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM6 11a6 6 0 0 0 12 0M12 17v4', 'Voice message'],
  document: ['M6 3h8l4 4v14H6zM14 3v4h4', 'Document'],
  sticker: ['M4 4h16v10l-6 6H4zM14 20v-6h6', 'Sticker'],
  location: ['M12 21s7-6.5 7-11.5a7 7 0 0 0-14 0C5 14.500 12 21 12 21zM12 7.500a2 2 0 1 0 0 4 2 2 0 0 0 0-4', 'Location'],
  contacts: ['M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4 21a8 8 0 0 1 16 0', 'Contact'],
  video: ['M4 6h11v12H4zM15 10l5-3v10l-5-3z', 'Video'],
  order: ['M3 4h3l2 11h10l2-8H7M9 20h.01M17 20h.01', 'Order'],
  unsupported: ['M5 20V10M12 20V4M19 20v-7', 'Poll'],
  template: ['M6 3h8l4 4v14H6zM14 3v4h4', 'Template'],
};
const ONE = 'M5 13l4 4L19 7', TWO = 'M1 13l4 4L15 7M10 16l1 1L21 7';
const TICKS = { accepted: ONE, sent: ONE, delivered: TWO, read: TWO };

function bubble(message, acts) {
  if (message.type === 'system') return node('p', { class: 'note', 'data-id': message.id }, message.text ?? 'System message');
  const mine = !message.outbound;
  const reactions = [message.business_reaction, message.customer_reaction].filter(Boolean);
  const failed = message.status === 'failed';
  return node(
    'article',
    { class: `bubble${mine ? ' mine' : ''}${failed ? ' failed' : ''}${reactions.length ? ' reacted' : ''}`, 'data-id': message.id },
    node('span', { class: 'sr' }, mine ? 'Customer: ' : 'Business: '),
    message.quote && node('button', { type: 'button', class: 'quote', onclick: () => acts.show(message.reply_to), 'aria-label': `Quoted: ${message.quote.text}` },
      node('b', {}, message.quote.outbound ? 'Business' : 'You'), node('br'), message.quote.text),
    ...content(message),
    options(message, acts),
    failed && node('p', { class: 'why' }, `Never arrived (${message.error}). ${message.error_text ?? ''}`),
    node('p', { class: 'meta' }, message.edited && !message.revoked && 'edited', clockOf(message.at), ticks(message)),
    reactions.length > 0 && node('span', { class: 'reactions', role: 'img', 'aria-label': `Reactions: ${reactions.join(' ')}` }, reactions.join('')),
    !message.revoked && !failed && actions(message, acts),
  );
}

function ticks(message) {
  if (!message.outbound) {
    return node('span', { class: `ticks${message.seen ? ' read' : ''}`, role: 'img', title: message.seen ? 'The business read this' : 'Delivered to the business', 'aria-label': message.seen ? 'read by the business' : 'delivered' }, icon(TWO));
  }
  if (message.status === 'failed') return node('span', { role: 'img', 'aria-label': 'failed' }, '⚠');
  return node('span', { class: `ticks${message.status === 'read' ? ' read' : ''}`, role: 'img', title: `What the business sees: ${message.status}`, 'aria-label': `business sees ${message.status}` }, icon(TICKS[message.status] ?? ONE));
}

function content(message) {
  if (message.revoked) return [node('p', { class: 'gone' }, 'This message was deleted')];
  const words = message.text ? node('div', { class: 'words' }, formatted(message.text)) : null;
  if (message.media) return mediaContent(message, words);
  if (message.type === 'location') return placeContent(message);
  if (message.type === 'contacts') return contactsContent(message);
  if (message.type === 'poll') return pollContent(message);
  if (message.type === 'image') {
    return [node('div', { class: 'photo', '--hue': hue(message.id), role: 'img', 'aria-label': 'Photo' }, icon('M4 8h4l2-3h4l2 3h4v11H4zM12 10.5a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4')), words];
  }
  const tile = TILES[message.type];
  if (!tile || (message.type === 'template' && message.text)) return [words ?? node('p', { class: 'gone' }, `Message of the type ${message.type}`)];
  return [node('div', { class: 'tile' }, icon(tile[0]), node('span', {}, message.text ? formatted(message.text) : tile[1]))];
}

// Reply buttons and list rows of the business can be tapped.
function options(message, acts) {
  if (message.type !== 'interactive' || !message.outbound) return null;
  const action = message.body?.action ?? {};
  const buttons = (action.buttons ?? []).map(({ reply }) => ({ type: 'button_reply', button_reply: reply, label: reply?.title }));
  const rows = (action.sections ?? []).flatMap((section) => section.rows ?? []).map((row) => ({ type: 'list_reply', list_reply: row, label: row.title }));
  const all = [...buttons, ...rows];
  if (!all.length) return null;
  return node('div', { class: 'options' }, ...all.map(({ label, ...interactive }) =>
    node('button', { type: 'button', onclick: () => acts.send({ reply_to: message.id, message: { type: 'interactive', interactive } }) }, label ?? '…')));
}

function actions(message, acts) {
  const act = (label, sign, onclick) => node('button', { type: 'button', 'aria-label': label, title: label, onclick }, sign);
  const text = message.type === 'text';
  return node('div', { class: 'acts' },
    act('Reply', icon('M9 7 4 12l5 5M4 12h10a6 6 0 0 1 6 6'), () => acts.reply(message)),
    ...(message.outbound ? ['❤️', '👍', '😂'].map((emoji) => act(`React with ${emoji}`, emoji, () => acts.react(message, emoji))) : []),
    !message.outbound && text && act('Edit', icon('M4 20l1-5L16 4l4 4L9 19z'), () => acts.edit(message)),
    !message.outbound && act('Delete for everyone', icon('M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13'), () => acts.revoke(message)),
  );
}
