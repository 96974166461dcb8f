// The page's state and its live connection. Everything shown comes from /control, so a reload loses nothing.
const $ = (id) => document.getElementById(id);
const state = { accounts: [], account: null, phone: null, phones: new Map(), messages: new Map(), more: false, drafts: new Map(), reply: null, editing: null, stream: null, asked: 0 };

async function call(path, body, method) {
  const response = await fetch(path, body === undefined ? { method } : { method: method ?? 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `The sandbox answered ${response.status}.`);
  return answer;
}

function toast(text) {
  $('toast').textContent = text;
  $('toast').hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { $('toast').hidden = true; }, 5000);
}
const attempt = (work) => work.catch((error) => toast(error.message));
const business = () => state.accounts.find((number) => number.phone_number_id === state.account);

// ---- the list ----

function drawPhones() {
  const search = $('search').value.trim().toLowerCase();
  const shown = [...state.phones.values()]
    .filter((phone) => !search || phone.name.toLowerCase().includes(search) || (phone.wa_id ?? phone.hidden ?? '').includes(search.replace(/\D/g, '') || ' '))
    .sort((a, b) => (b.last?.at ?? Infinity) - (a.last?.at ?? Infinity));
  $('phones').replaceChildren(...shown.map((phone) => node('li', {}, phoneRow(phone))));
  if (!shown.length) $('phones').append(node('li', { class: 'empty' }, search ? 'No phone fits.' : 'No phones yet. Switch on the first one.'));
}

function phoneRow(phone) {
  const typing = phone.typing_until > Date.now();
  return node('button', { type: 'button', 'aria-current': String(phone.phone === state.phone), onclick: () => open(phone.phone) },
    node('span', { class: 'face', '--hue': hue(phone.name), 'aria-hidden': 'true' }, initials(phone.name)),
    node('span', { class: 'name' }, phone.name),
    node('span', { class: 'when' }, phone.last ? (dayOf(phone.last.at) === 'Today' ? clockOf(phone.last.at) : dayOf(phone.last.at)) : 'new'),
    typing ? node('span', { class: 'last typing' }, 'business is typing…')
      : node('span', { class: 'last' }, phone.last ? `${phone.last.outbound ? '' : 'You: '}${plain(phone.last.text)}` : phone.hidden ? 'hides the number' : spaced(phone.wa_id ?? '')),
    phone.unanswered ? node('span', { class: 'pill', title: 'waiting for an answer' }, String(phone.unanswered), node('span', { class: 'sr' }, ' unanswered')) : node('span'));
}

let drawing = 0;
function drawSoon() {
  drawing ||= requestAnimationFrame(() => { drawing = 0; drawPhones(); drawState(); });
}

// ---- the phone ----

function drawState() {
  const phone = state.phones.get(state.phone);
  $('device').hidden = !phone;
  $('pick').hidden = Boolean(phone);
  document.body.classList.toggle('chatting', Boolean(phone));
  if (!phone) return;
  const name = business()?.verified_name ?? 'Business';
  $('business').textContent = name;
  $('face').textContent = initials(name);
  $('face').style.setProperty('--hue', hue(name));
  $('owner').textContent = `${phone.name}’s phone${phone.hidden ? ' · number hidden' : ''}`;
  $('hide').hidden = !(phone.wa_id ?? phone.hidden);
  $('hide').textContent = phone.hidden ? 'Show number' : 'Hide number';
  $('hide').title = phone.hidden ? `Writes as ${business()?.handset ? phone.lid : phone.user_id}; the next message would show ${spaced(phone.hidden)}` : `Write as ${business()?.handset ? 'a linked id' : 'a business-scoped id'} only, without ${spaced(phone.wa_id ?? '')}`;
  $('clock').textContent = clockOf(Date.now());
  const typing = phone.typing_until > Date.now();
  const left = (phone.window_until ?? 0) - Date.now();
  $('state').className = typing ? 'typing' : '';
  const text = typing ? 'typing…'
    : business()?.handset ? linkState(state.account)
    : left > 0 ? `may answer freely for ${left > 36e5 ? `${Math.floor(left / 36e5)} h` : `${Math.ceil(left / 6e4)} min`}`
    : phone.window_until ? 'window closed: templates only until you write' : 'waits for your first message';
  if ($('state').textContent !== text) $('state').textContent = text;
}

function drawLog() {
  const list = [...state.messages.values()];
  const out = [];
  if (state.more) out.push(node('button', { type: 'button', class: 'day', onclick: () => attempt(earlier()) }, 'Earlier messages'));
  let before = null;
  for (const message of list) {
    if (!before || dayOf(before.at) !== dayOf(message.at)) { out.push(node('p', { class: 'day' }, dayOf(message.at))); before = null; }
    const made = bubble(message, acts);
    if (!before || before.outbound !== message.outbound) made.classList.add('turn');
    out.push(made);
    before = message;
  }
  $('log').replaceChildren(...out);
}

const atEnd = () => $('log').scrollHeight - $('log').scrollTop - $('log').clientHeight < 90;
function toEnd() { $('log').scrollTop = $('log').scrollHeight; $('fresh').hidden = true; }

function upsert(message) {
  const known = state.messages.has(message.id), stay = !atEnd();
  state.messages.set(message.id, message);
  const old = known && $('log').querySelector(`[data-id="${CSS.escape(message.id)}"]`);
  if (old) {
    const fresh = bubble(message, acts);
    fresh.classList.toggle('turn', old.classList.contains('turn'));
    old.replaceWith(fresh);
  } else {
    const last = [...state.messages.values()].at(-2);
    if (last && dayOf(last.at) === dayOf(message.at) && $('log').lastElementChild) {
      const fresh = bubble(message, acts);
      if (last.outbound !== message.outbound) fresh.classList.add('turn');
      $('log').append(fresh);
    } else drawLog();
    if (message.outbound) {
      $('device').classList.remove('buzz');
      requestAnimationFrame(() => $('device').classList.add('buzz'));
    }
  }
  if (!stay) toEnd(); else if (!known) $('fresh').hidden = false;
}

async function loadChat() {
  const mark = ++state.asked;
  const query = new URLSearchParams({ account: state.account, phone: state.phone });
  const { chat, messages, more } = await call(`/control/chat?${query}`);
  if (mark !== state.asked) return;
  state.phones.set(chat.phone, chat);
  state.messages = new Map(messages.map((message) => [message.id, message]));
  state.more = more;
  drawLog(); drawState(); toEnd();
}

async function earlier() {
  const first = state.messages.keys().next().value, before = $('log').scrollHeight;
  const query = new URLSearchParams({ account: state.account, phone: state.phone, before: first });
  const { messages, more } = await call(`/control/chat?${query}`);
  state.messages = new Map([...messages.map((message) => [message.id, message]), ...state.messages]);
  state.more = more;
  const top = $('log').scrollTop;
  drawLog();
  $('log').scrollTop = top + $('log').scrollHeight - before;
}

function open(phone) {
  if (state.phone) state.drafts.set(state.phone, $('words').value);
  state.phone = phone;
  state.messages = new Map();
  forgetReply();
  $('words').value = state.drafts.get(phone) ?? '';
  $('log').replaceChildren();
  remember();
  drawPhones(); drawState();
  connect();
  if (phone && matchMedia('(min-width: 721px)').matches) $('words').focus();
}

// ---- what a customer does ----

const acts = {
  async send(extra) {
    await attempt(call('/control/messages', { account: state.account, ...whoWrites(), ...extra }));
  },
  reply(message) {
    state.reply = message; state.editing = null;
    $('replying').hidden = false;
    $('replying').firstElementChild.textContent = `${message.outbound ? 'Business' : 'You'}: ${message.text ?? message.type}`;
    $('words').focus();
  },
  react(message, emoji) {
    const taken = message.customer_reaction === emoji;
    acts.send({ message: { type: 'reaction', reaction: { message_id: message.id, ...(taken ? {} : { emoji }) } } });
  },
  edit(message) {
    state.editing = message; state.reply = null;
    $('replying').hidden = false;
    $('replying').firstElementChild.textContent = 'Editing your message';
    $('words').value = message.text ?? '';
    $('words').focus();
  },
  revoke(message) { acts.send({ message: { type: 'revoke', revoke: { original_message_id: message.id } } }); },
  show(id) { $('log').querySelector(`[data-id="${CSS.escape(id)}"]`)?.scrollIntoView({ block: 'center' }); },
};

function whoWrites() {
  const phone = state.phones.get(state.phone);
  // In a group its first member writes.
  if (phone.phone.endsWith('@g.us')) return { group: phone.phone };
  return { name: phone.name, ...(phone.wa_id ? { from: phone.wa_id } : {}), ...(phone.user_id ? { user_id: phone.user_id } : {}), ...(phone.lid && business()?.handset ? { lid: phone.lid } : {}), ...(phone.username ? { username: phone.username } : {}) };
}

function forgetReply() { state.reply = state.editing = null; $('replying').hidden = true; }

function submit(event) {
  event?.preventDefault();
  const text = $('words').value.trim();
  if (!text || !state.phone) return;
  if (state.editing) {
    acts.send({ message: { type: 'edit', edit: { original_message_id: state.editing.id, message: { type: 'text', text: { body: text } } } } });
  } else {
    acts.send({ text, ...(state.reply ? { reply_to: state.reply.id } : {}) });
  }
  $('words').value = '';
  forgetReply();
  toEnd();
}

const takeWords = () => {
  const text = $('words').value.trim();
  $('words').value = '';
  return text;
};

function sendExtra(said) {
  acts.send({ ...said, ...(state.reply ? { reply_to: state.reply.id } : {}) });
  forgetReply();
  more(false);
}

// Samples of everything, so that nobody has to look for a file first.
function extra(kind) {
  const phone = state.phones.get(state.phone);
  const sample = (kind, caption) => ({ media: { kind, ...(caption ? { caption } : {}) } });
  const said = {
    image: () => sample('image', takeWords()),
    voice: () => sample('voice'),
    video: () => sample('video', takeWords()),
    document: () => sample('document', takeWords()),
    sticker: () => sample('sticker'),
    location: () => ({ location: { latitude: -7.797, longitude: 110.3705, name: 'Tugu', address: 'Yogyakarta' } }),
    contact: () => ({ contact: { name: phone.name, phone: spaced(phone.wa_id ?? phone.hidden ?? '') } }),
    poll: () => ({ poll: { question: takeWords() || 'Which one?', options: ['Blue', 'Green'] } }),
  };
  sendExtra(said[kind]());
}

// A customer who hides the number writes under another id, and shows the number with the next message again.
function hideNumber() {
  const phone = state.phones.get(state.phone);
  attempt(call('/control/hidden', { phone: phone.phone, hidden: !phone.hidden }));
}

function more(show) { $('extras').hidden = !show; $('more').setAttribute('aria-expanded', String(show)); }

// ---- live ----

function connect() {
  state.stream?.close();
  const query = new URLSearchParams(state.phone ? { account: state.account, phone: state.phone } : {});
  const stream = new EventSource(`/control/stream?${query}`);
  state.stream = stream;
  stream.onerror = () => { $('offline').hidden = false; };
  stream.onmessage = (event) => hear(JSON.parse(event.data));
}

function hear(news) {
  if (news.kind === 'hello') { $('offline').hidden = true; attempt(loadAll()); return; }
  if (news.kind === 'reset') { attempt(loadAll()); return; }
  if (news.kind === 'numbers') { attempt(loadNumbers()); return; }
  if (news.kind === 'faults') { drawFaults(news.faults); return; }
  if (news.kind === 'delivery') { addDelivery(news.delivery, news.pending); return; }
  if (news.chat?.account !== state.account) return;
  state.phones.set(news.chat.phone, news.chat);
  if (news.kind === 'message' && news.chat.phone === state.phone) upsert(news.message);
  drawSoon();
}

async function loadNumbers() {
  const [numbers, handsets] = await Promise.all([call('/control/numbers'), call('/control/handsets'), loadGateways()]);
  state.accounts = [...numbers, ...handsets.map(({ phone, name }) => ({ phone_number_id: phone, verified_name: name, handset: true }))];
  if (!business()) state.account = state.accounts[0]?.phone_number_id ?? null;
  $('account').replaceChildren(...state.accounts.map((number) => node('option', { value: number.phone_number_id, selected: number.phone_number_id === state.account }, number.handset ? `${number.verified_name} (phone)` : number.verified_name)));
  drawConnect(); drawGateways(); drawState();
}

async function loadAll() {
  await loadNumbers();
  const phones = state.account ? await call(`/control/phones?${new URLSearchParams({ account: state.account })}`) : [];
  state.phones = new Map(phones.map((phone) => [phone.phone, phone]));
  drawPhones();
  if (state.phone && state.phones.has(state.phone)) await loadChat(); else { state.phone = null; drawState(); }
  await loadDrawers();
}

function remember() {
  const parts = new URLSearchParams({ account: state.account ?? '', ...(state.phone ? { phone: state.phone } : {}), ...(drawers.shown ? { drawer: drawers.shown } : {}) });
  history.replaceState(null, '', `#${parts}`);
}
