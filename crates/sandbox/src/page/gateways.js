// The drawer of gateways: what a client needs, codes to scan or to type, and what can be done to a link.
const WORDS = { disconnected: 'not connected', connecting: 'waits for a phone', connected: 'scanned, finishing…', logged_in: 'linked' };
let gateways = [];
// Which gateways show their addresses and secrets.
const unfolded = new Set();

async function loadGateways() {
  gateways = await call('/control/gateways');
  drawGateways();
}

const linkedTo = (account) => gateways.flatMap((gateway) => gateway.devices).filter((device) => device.account === account);

function drawGateways() {
  // Redrawing would take away what is being typed.
  if (drawers.shown !== 'gateways' || $('gateways').contains(document.activeElement?.closest('input') ?? null)) return;
  $('gateways').replaceChildren(
    node('p', { class: 'muted' }, 'A gateway links to a business’s own phone, as WhatsApp on a computer does. The phones here scan its code.'),
    // Where a phone is waited for comes first.
    ...[...gateways].sort((a, b) => waits(b) - waits(a)).map(gatewayCard));
}

const waits = (gateway) => Number(gateway.devices.some((device) => device.qr || device.pairing));

function gatewayCard(gateway) {
  const rows = { Address: location.origin + gateway.path, User: gateway.user, Password: gateway.password, 'Webhook secret': gateway.webhook_secret };
  return node('fieldset', {},
    node('legend', {}, `${gateway.name} · GOWA ${gateway.version === 'v7' ? '7.7' : '9.2'}`),
    ...gateway.devices.map((device) => deviceCard(gateway, device)),
    !gateway.devices.length && node('p', { class: 'muted' }, 'No device yet: the client makes one.'),
    node('details', { open: unfolded.has(gateway.name), ontoggle: (event) => unfolded[event.target.open ? 'add' : 'delete'](gateway.name) },
      node('summary', {}, 'Connect a client'),
      node('dl', {}, ...Object.entries(rows).filter(([, value]) => value).map(([label, value]) => secretRow(label, value))),
      webhookForm(gateway)));
}

// An old gateway is told in its environment where events go; with a new one, each device may know better.
function webhookForm(gateway) {
  const form = node('form', { class: 'link' },
    node('label', { class: 'field' }, 'Events of all its devices go to',
      node('input', { name: 'url', type: 'url', value: gateway.webhook_urls[0] ?? '', placeholder: 'nobody' })),
    node('p', { class: 'error', role: 'alert', hidden: true }),
    node('p', { class: 'end' }, node('button', {}, 'Save')));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { path, devices, ...settings } = gateway;
    const url = form.elements.url.value.trim();
    try {
      await call('/control/gateways', { ...settings, webhook_urls: url ? [url] : [] });
      complain(form); document.activeElement?.blur();
      toast(url ? 'Events go there now' : 'Events go nowhere now');
    } catch (error) { complain(form, error); }
  });
  return form;
}

function secretRow(label, value) {
  const copy = () => attempt(navigator.clipboard.writeText(value).then(() => toast(`${label} copied`)));
  return node('div', {}, node('dt', {}, label),
    node('dd', {}, node('code', {}, value), node('button', { type: 'button', 'aria-label': `Copy ${label}`, onclick: copy }, 'Copy')));
}

function deviceCard(gateway, device) {
  const name = device.device.includes('/') ? device.device.slice(gateway.name.length + 1) : 'its only device';
  const owner = state.accounts.find((number) => number.phone_number_id === device.account);
  const lost = device.is_logged_in && !device.is_connected;
  const act = (path, body) => () => attempt(call(path, { device: device.device, ...body }).then(loadGateways));
  return node('div', { class: 'device', 'data-device': device.device },
    node('p', {}, node('b', {}, name), ` · ${lost ? 'linked, connection lost' : WORDS[device.state]}`, owner && ` · ${owner.verified_name} ${spaced(owner.phone_number_id)}`),
    device.qr && node('img', { src: device.qr, alt: 'QR code', width: '220', height: '220' }),
    device.qr && linkForm('Scan', {}, (values) => call('/control/scan', { device: device.device, ...values })),
    device.pairing && linkForm('Enter the code', { phone: spaced(device.pairing[1]), code: '' }, (values) => call('/control/pair', values)),
    device.is_logged_in && node('p', { class: 'end' },
      lost ? node('button', { type: 'button', onclick: act('/control/connect') }, 'Connection comes back')
        : node('button', { type: 'button', onclick: act('/control/disconnect', { stay: true }) }, 'Lose connection'),
      node('button', { type: 'button', title: 'On the phone; the gateway tells nobody', onclick: act('/control/logout') }, 'Log out')));
}

// A phone that takes a code: its number and name, and the code if it is typed.
function linkForm(label, { phone, code }, submit) {
  const known = state.accounts.find((number) => number.handset);
  const values = { phone: phone ?? (known ? spaced(known.phone_number_id) : '+62 811 0000 002'), name: known?.verified_name ?? 'Toko Melati Cabang' };
  const field = (text, attributes) => node('label', { class: 'field' }, text, node('input', { required: true, autocomplete: 'off', ...attributes }));
  const form = node('form', { class: 'link' },
    code !== undefined && field('Pairing code', { name: 'code', maxlength: '9', placeholder: 'ABCD-1234' }),
    field('Number of the phone', { name: 'phone', inputmode: 'tel', value: values.phone }),
    field('Name that it shows', { name: 'name', maxlength: '80', value: values.name }),
    node('p', { class: 'error', role: 'alert', hidden: true }),
    node('p', { class: 'end' }, node('button', { class: 'primary' }, label)));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await submit(Object.fromEntries(new FormData(form)));
      complain(form); document.activeElement?.blur();
      await loadNumbers();
    } catch (error) { complain(form, error); }
  });
  return form;
}

// What the header of a chat with a phone of ours says instead of Meta's window.
function linkState(account) {
  const devices = linkedTo(account);
  return devices.length ? `linked to ${devices.map((device) => device.device).join(', ')}` : 'not linked to a gateway';
}

// The gateway hears that somebody writes, for as long as the customer does.
let typedAt = 0;
function customerTypes() {
  const phone = state.phones.get(state.phone);
  if (!business()?.handset || !phone || Date.now() - typedAt < 4000) return;
  typedAt = Date.now();
  // Who has never written is not known yet.
  call('/control/typing', { account: state.account, from: phone.phone, state: 'composing' }).catch(() => {});
}
