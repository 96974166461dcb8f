// The drawers: how to connect, what became of webhooks, and trouble.
const drawers = { shown: null, names: { connect: 'Connect a client', gateways: 'Gateways', deliveries: 'Webhook deliveries', faults: 'Trouble' }, log: [] };
const sections = { connect: 'connect', gateways: 'gateways', deliveries: 'log-of-webhooks', faults: 'faults' };

function showDrawer(name) {
  const from = drawers.shown;
  drawers.shown = name;
  $('drawer').hidden = !name;
  for (const [key, id] of Object.entries(sections)) {
    $(id).hidden = key !== name;
    $(`open-${key}`).setAttribute('aria-expanded', String(key === name));
  }
  if (name) { $('drawer-title').textContent = drawers.names[name]; $('drawer-title').focus(); } else if (from) $(`open-${from}`).focus();
  if (name === 'deliveries') drawDeliveries();
  if (name === 'gateways') drawGateways();
  remember();
}

async function loadDrawers() {
  const [faults, log, { pending }] = await Promise.all([call('/control/faults'), call('/control/deliveries?limit=200'), call('/control/pending')]);
  drawers.log = log.reverse();
  drawFaults(faults); drawPending(pending); drawDeliveries();
}

function complain(form, error) {
  const place = form.querySelector('.error');
  place.hidden = !error;
  place.textContent = error?.message ?? '';
}

// ---- connect ----

function drawConnect() {
  const number = business();
  if (!number) return;
  $('webhook').hidden = Boolean(number.handset);
  $('no-webhook').hidden = !number.handset;
  const rows = number.handset ? { 'Phone number': spaced(number.phone_number_id), Name: number.verified_name } : { 'Graph API': location.origin, 'Phone number id': number.phone_number_id, 'Business account id': number.waba_id, 'Phone number': number.display_phone_number, 'Access token': number.token, 'App secret': number.app_secret, 'Verify token': number.verify_token };
  $('details').replaceChildren(...Object.entries(rows).map(([label, value]) => secretRow(label, value)));
  if (document.activeElement?.name !== 'url') $('webhook').elements.url.value = number.webhook_url ?? '';
}

async function saveWebhook(event) {
  event.preventDefault();
  const form = $('webhook'), url = form.elements.url.value.trim() || null;
  try {
    await call('/control/webhook', { account: state.account, url, probe: event.submitter?.value === 'probe' && Boolean(url) });
    complain(form); toast(url ? 'Webhooks go there now' : 'Webhooks wait now');
  } catch (error) { complain(form, error); }
}

// ---- deliveries ----

function addDelivery(delivery, pending) {
  drawers.log.unshift(delivery);
  drawers.log.length = Math.min(drawers.log.length, 200);
  drawPending(pending);
  if (drawers.shown === 'deliveries') {
    $('deliveries').prepend(deliveryRow(delivery));
    while ($('deliveries').children.length > 200) $('deliveries').lastElementChild.remove();
  }
}

function deliveryRow(delivery) {
  const ok = delivery.status === 200 || (delivery.device && delivery.status > 200 && delivery.status < 300);
  const name = state.phones.get(delivery.phone)?.name ?? delivery.phone;
  return node('li', {},
    node('span', { class: `code${ok ? ' ok' : ''}` }, delivery.status ? String(delivery.status) : 'none'),
    node('span', {}, `${delivery.what} · ${name}${delivery.device ? ` · ${delivery.device}` : ''}`),
    node('span', { class: 'muted' }, `${clockOf(delivery.at / 1000)} · ${delivery.millis} ms`),
    (delivery.error || delivery.attempt > 1 || !ok) && node('small', {}, [delivery.attempt > 1 && `attempt ${delivery.attempt}`, delivery.error, !ok && delivery.url].filter(Boolean).join(' · ')));
}

function drawDeliveries() {
  $('deliveries').replaceChildren(...drawers.log.map(deliveryRow));
  if (!drawers.log.length) $('deliveries').append(node('li', { class: 'empty' }, 'Nothing was sent yet.'));
}

function drawPending(pending) {
  $('waiting').hidden = !pending;
  $('waiting').textContent = String(pending);
  $('waiting').title = `${pending} waiting`;
  const text = pending ? `${pending} waiting${business()?.webhook_url || business()?.handset ? '' : ' until the number has a webhook address'}` : 'None waiting. The newest come first.';
  if ($('pending-text').textContent !== text) $('pending-text').textContent = text;
}

// ---- trouble ----

const SWITCHES = ['mute', 'lose', 'down', 'wrong_signature', 'upload_refused', 'upload_answer_lost', 'media_gone', 'media_link_expired', 'download_cut'];

function drawFaults(all) {
  const faults = all.find((set) => !set.account) ?? {};
  const form = $('fault-form').elements;
  for (const name of [...SWITCHES, 'shuffle', 'slow_ms']) form[name].checked = Boolean(faults[name]);
  const pick = (select, value) => { select.value = [...select.options].some((option) => option.value === value) ? value : ''; };
  pick(form.duplicate, faults.duplicate ? String(faults.duplicate) : '');
  pick(form.download_bytes_per_second, String(faults.download_bytes_per_second ?? ''));
  pick(form.error, faults.code ? `code:${faults.code}` : faults.error ? `error:${faults.error}` : faults.status ? `status:${faults.status}` : '');
  pick(form.after, faults.timeout_after_accept ? 'timeout_after_accept' : faults.lost_answer ? 'lost_answer' : faults.gateway_timeout ? 'gateway_timeout' : faults.fail_status ? String(faults.fail_status) : '');
  for (const name of ['delay_ms', 'times']) if (document.activeElement !== form[name]) form[name].value = faults[name] ?? '';
  const count = all.flatMap((set) => Object.keys(set).filter((key) => !['account', 'times', 'calls', 'retry_after'].includes(key))).length;
  $('trouble').hidden = !count;
  $('trouble').textContent = String(count);
}

async function setFaults() {
  const form = $('fault-form'), from = form.elements, faults = {};
  for (const name of SWITCHES) if (from[name].checked) faults[name] = true;
  if (from.shuffle.checked) faults.shuffle = 10;
  if (from.slow_ms.checked) faults.slow_ms = 3000;
  if (from.duplicate.value) faults.duplicate = Number(from.duplicate.value);
  if (from.download_bytes_per_second.value) faults.download_bytes_per_second = Number(from.download_bytes_per_second.value);
  const [key, value] = from.error.value.split(':');
  if (key) faults[key] = key === 'error' ? value : Number(value);
  const after = from.after.value;
  if (/^\d+$/.test(after)) faults.fail_status = Number(after); else if (after) faults[after] = true;
  if (Number(from.delay_ms.value) > 0) faults.delay_ms = Number(from.delay_ms.value);
  if (from.times.value && Object.keys(faults).length) faults.times = Number(from.times.value);
  try { await call('/control/faults', faults); complain(form); } catch (error) { complain(form, error); }
}

// ---- dialogs ----

function dialog(id, submit) {
  const box = $(id), form = box.querySelector('form');
  form.querySelector('[value=cancel]').addEventListener('click', () => box.close());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try { const then = await submit(Object.fromEntries(new FormData(form))); box.close(); form.reset(); complain(form); then(); } catch (error) { complain(form, error); }
  });
  return (values) => {
    for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
    complain(form);
    box.showModal();
  };
}

function start() {
  const asked = new URLSearchParams(location.hash.slice(1));
  state.account = asked.get('account') || null;
  state.phone = asked.get('phone');
  const digits = (count) => Array.from({ length: count }, () => Math.floor(Math.random() * 10)).join('');
  const newPhone = dialog('new-phone', async ({ name, from, hidden }) => {
    const phone = await call('/control/phones', { account: state.account, name, from, hidden: Boolean(hidden) });
    state.phones.set(phone.phone, phone);
    return () => open(phone.phone);
  });
  const newNumber = dialog('new-number', async (values) => {
    const secret = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const made = { ...values, phone_number_id: `1${digits(14)}`, waba_id: `2${digits(14)}`, token: `sandbox-${secret()}`, app_secret: secret(), verify_token: secret().slice(0, 12) };
    await call('/control/numbers', made);
    await loadNumbers();
    return () => choose(made.phone_number_id);
  });
  const choose = (account) => {
    $('account').value = account;
    state.account = account; state.phones.clear();
    open(null); drawConnect();
  };
  $('new').addEventListener('click', () => newPhone({ name: '', from: `+62 812 0000 ${digits(4)}` }));
  $('add-number').addEventListener('click', () => newNumber({ verified_name: '', display_phone_number: `+1 555 010 ${digits(4)}` }));
  $('account').addEventListener('change', () => choose($('account').value));
  $('search').addEventListener('input', drawPhones);
  $('back').addEventListener('click', () => open(null));
  $('composer').addEventListener('submit', submit);
  $('words').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event);
    if (event.key === 'Escape') forgetReply();
  });
  $('more').addEventListener('click', () => more($('extras').hidden));
  for (const button of document.querySelectorAll('[data-extra]')) button.addEventListener('click', () => extra(button.dataset.extra));
  $('attach').addEventListener('click', () => $('file').click());
  $('file').addEventListener('change', () => {
    const [file] = $('file').files;
    if (file) attempt(sendFile(file));
    $('file').value = '';
  });
  $('hide').addEventListener('click', hideNumber);
  $('replying').lastElementChild.addEventListener('click', forgetReply);
  $('fresh').addEventListener('click', toEnd);
  $('log').addEventListener('scroll', () => { if (atEnd()) $('fresh').hidden = true; });
  for (const name of Object.keys(sections)) $(`open-${name}`).addEventListener('click', () => showDrawer(drawers.shown === name ? null : name));
  $('close').addEventListener('click', () => showDrawer(null));
  $('drawer').addEventListener('keydown', (event) => { if (event.key === 'Escape') showDrawer(null); });
  $('webhook').addEventListener('submit', saveWebhook);
  $('fault-form').addEventListener('change', setFaults);
  $('fault-form').addEventListener('submit', (event) => event.preventDefault());
  $('fault-form').addEventListener('reset', (event) => { event.preventDefault(); attempt(call('/control/faults', undefined, 'DELETE')); });
  $('reset').addEventListener('click', () => {
    if (confirm('Forget all phones, messages and faults, and start over? Connected servers keep what they have.')) attempt(call('/control/reset', {}));
  });
  $('words').addEventListener('input', customerTypes);
  // Codes expire without anybody telling.
  setInterval(() => { drawState(); if (drawers.shown === 'gateways') attempt(loadGateways()); }, 5000);
  if (asked.get('drawer') in sections) showDrawer(asked.get('drawer'));
  drawState();
  connect();
}
start();
