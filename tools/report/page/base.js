// What all sections share: data, elements, numbers as text, where links lead.
'use strict';

const tn = { views: {}, cache: {} };

/// A section's data; parsed when first asked for.
tn.data = name => {
  if (!(name in tn.cache)) {
    const element = document.getElementById('data-' + name);
    tn.cache[name] = element ? JSON.parse(element.textContent) : {};
    if (element) element.remove();
  }
  return tn.cache[name];
};

/// Makes an element. Text goes in as text, so that no name in a model can be markup.
tn.el = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'class') element.className = value;
    else if (key === 'style') Object.assign(element.style, value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  for (const child of children.flat(Infinity))
    if (child !== null && child !== undefined && child !== false)
      element.append(child.nodeType ? child : String(child));
  return element;
};

tn.clear = element => {
  element.textContent = '';
  return element;
};

tn.nodeName = id => (id >= 0 ? tn.data('names').names[id] : '');

tn.scaled = (value, units, base) => {
  let unit = 0;
  for (value = Number(value); Math.abs(value) >= base && unit < units.length - 1; ++unit) value /= base;
  const digits = unit === 0 ? 0 : Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toFixed(digits) + (units[unit] ? ' ' + units[unit] : '');
};
tn.bytes = value => tn.scaled(value, ['B', 'kB', 'MB', 'GB', 'TB'], 1000);
tn.count = value => tn.scaled(value, ['', 'k', 'M', 'G', 'T'], 1000);
tn.integer = value => Number(value).toLocaleString('en-US');
tn.time = seconds =>
  seconds >= 1
    ? seconds.toFixed(2) + ' s'
    : seconds >= 1e-3
      ? (seconds * 1e3).toFixed(seconds >= 0.1 ? 0 : 2) + ' ms'
      : seconds >= 1e-6
        ? (seconds * 1e6).toFixed(seconds >= 1e-5 ? 0 : 1) + ' \u00b5s'
        : (seconds * 1e9).toFixed(0) + ' ns';
/// Errors; data may hold infinity as text.
tn.error = value => (typeof value === 'string' ? value : value === 0 ? '0' : Number(value).toExponential(1));
tn.number = value => (typeof value === 'string' ? Infinity : value);
tn.plural = (count, word) => tn.integer(count) + ' ' + word + (count === 1 ? '' : word.endsWith('s') ? 'es' : 's');
/// The end of a name says most.
tn.shorten = (text, most) => (text.length <= most ? text : '\u2026' + text.slice(text.length - most + 1));

tn.passTitle = pass => (pass.name ? pass.stage + ' \u203a ' + pass.name : pass.stage);
/// As the compiler writes it: "layout/1-layout".
tn.passKey = pass => (pass.name ? pass.stage + '/' + pass.number + '-' + pass.name : pass.stage);

// ---- Links: #pass=fuse, #diff=2,7, #node=/conv1, #kernel=12, #memory=40, #remarks=/conv1 ----

tn.link = (key, value) => '#' + key + (value === undefined ? '' : '=' + encodeURIComponent(value));
tn.go = (key, value) => {
  location.hash = tn.link(key, value);
};
tn.parseHash = () => {
  const text = location.hash.slice(1);
  const at = text.indexOf('=');
  const key = at < 0 ? text : text.slice(0, at);
  let value = at < 0 ? undefined : text.slice(at + 1);
  try {
    if (value !== undefined) value = decodeURIComponent(value);
  } catch (error) {
    /* a stray '%': taken as it is */
  }
  return { key, value };
};
tn.anchor = (text, key, value, options) => tn.el('a', { href: tn.link(key, value), ...options }, text);

// ---- Colours, which canvases take from the style sheet ----

tn.color = name => {
  if (!tn.colors) tn.colors = {};
  if (!(name in tn.colors))
    tn.colors[name] = getComputedStyle(document.documentElement)
      .getPropertyValue('--' + name)
      .trim();
  return tn.colors[name];
};
tn.templates = ['contraction', 'winograd', 'depthwise', 'lstm', 'rows', 'elementwise'];
tn.templateColor = name => {
  const known = tn.templates.indexOf(name);
  return tn.color('hue' + (known < 0 ? 7 : known));
};

// ---- What was found ----

tn.report = () => tn.data('findings').report || null;
tn.finding = () => (tn.report() ? tn.report().finding : null);
/// The nodes that the culprit computes.
tn.culprits = () => new Set(tn.finding() ? tn.finding().nodes : []);
tn.culpritPass = () => {
  const finding = tn.finding();
  return finding ? tn.data('snapshots').passes.findIndex(pass => tn.passKey(pass) === finding.where) : -1;
};

// ---- A hint beside the pointer ----

tn.tip = (lines, x, y) => {
  const tip = document.getElementById('tip');
  tip.hidden = !lines;
  if (!lines) return;
  tn.clear(tip).append(
    ...lines.filter(Boolean).map((line, i) => tn.el('div', { class: i ? 'muted' : 'strong' }, line))
  );
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 8)) + 'px';
  tip.style.top = (y + 18 + box.height > innerHeight ? Math.max(4, y - box.height - 10) : y + 18) + 'px';
};
