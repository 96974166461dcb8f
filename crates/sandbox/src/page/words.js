// WhatsApp's text formatting as nodes. Data only ever becomes text, never markup.
const STYLES = { '*': 'strong', '_': 'em', '~': 's' };
const TOKEN = /```([\s\S]+?)```|`([^`\n]+)`|(https?:\/\/[^\s<>"]+)|(?<![\p{L}\p{N}])([*_~])(?=\S)(.+?)(?<=\S)\4(?![\p{L}\p{N}])/gu;

function node(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === 'class') made.className = value;
    else if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else if (key === '--hue') made.style.setProperty(key, value);
    else made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return made;
}

function icon(path) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  made.setAttribute('viewBox', '0 0 24 24');
  made.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  line.setAttribute('d', path);
  made.append(line);
  return made;
}

function formatted(text) {
  const out = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    out.append(text.slice(from, match.index));
    from = match.index + match[0].length;
    const [, block, code, url, mark, inner] = match;
    if (block ?? code) {
      out.append(node('code', {}, block ?? code));
    } else if (url) {
      const clean = url.replace(/[.,;:!?)\]'*_~]+$/, '');
      out.append(node('a', { href: clean, target: '_blank', rel: 'noopener noreferrer' }, clean), url.slice(clean.length));
    } else {
      out.append(node(STYLES[mark], {}, formatted(inner)));
    }
  }
  out.append(text.slice(from));
  return out;
}

// One line without the marks of formatting.
const plain = (text) => formatted(text).textContent;

function hue(text) {
  let sum = 7;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)) % 360;
  return String(sum);
}

function initials(name) {
  const words = name.replace(/[^\p{L}\p{N} ]/gu, ' ').trim().split(/\s+/);
  return ((words[0]?.[0] ?? '?') + (words.length > 1 ? words.at(-1)[0] : '')).toUpperCase();
}

function spaced(digits) {
  const parts = digits.match(/^(62|55|1)(\d{2,3})(\d{4,5})(\d{4})$/);
  return parts ? `+${parts.slice(1).join(' ')}` : `+${digits}`;
}

const clockOf = (at) => new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

function dayOf(at) {
  const day = new Date(at), today = new Date();
  const days = Math.round((new Date(today.toDateString()) - new Date(day.toDateString())) / 864e5);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return day.toLocaleDateString([], days < 7 ? { weekday: 'long' } : { day: 'numeric', month: 'short' });
}
