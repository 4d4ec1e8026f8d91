// Search over nodes, operations, kernels, passes and the programs' text. "/" leads there.

/// Everything that can be found, made when first needed: [kind, text, detail, key, value].
tn.searchIndex = () => {
  if (tn.index) return tn.index;
  const entries = [],
    graph = tn.data('graph'),
    seen = new Set();
  (graph.vertices || []).forEach((vertex, i) => {
    const name = tn.vertexName(i),
      kind = tn.vertexKind(i);
    if (seen.has(name + '\n' + kind)) return;
    seen.add(name + '\n' + kind);
    entries.push(['node', name, kind, 'node', name]);
  });
  (tn.data('kernels').steps || []).forEach((step, number) =>
    entries.push([
      'kernel',
      step.kernel,
      `step ${number}  ${tn.shorten(tn.nodeName(step.nodes.length ? step.nodes[0] : -1), 44)}`,
      'kernel',
      number
    ])
  );
  tn.data('snapshots').passes.forEach(pass => {
    if (pass.name) entries.push(['pass', tn.passKey(pass), pass.summary, 'pass', tn.passKey(pass)]);
  });
  for (const entry of entries) entry.push((entry[1] + '\n' + entry[2]).toLowerCase());
  tn.index = entries;
  return entries;
};

/// Lines of programs that contain a text, each with the first program that has it.
tn.searchLines = (text, most) => {
  const { lines, snapshots } = tn.data('snapshots'),
    found = [];
  for (let number = 0; number < lines.length && found.length < most; ++number)
    if (lines[number].toLowerCase().includes(text)) found.push(number);
  return found.map(number => {
    const at = snapshots.findIndex((_, i) => tn.snapshot(i).includes(number));
    const line = lines[number].trim(),
      from = Math.max(0, line.toLowerCase().indexOf(text) - 30);
    return [
      'text',
      (from ? '\u2026' : '') + line.slice(from, from + 90),
      tn.passTitle(tn.passOfSnapshot(at) || { stage: '' }),
      'diff',
      `${at},${at},${number}`
    ];
  });
};

tn.find = query => {
  const text = query.trim().toLowerCase();
  if (!text) return [];
  const groups = new Map([
    ['node', []],
    ['kernel', []],
    ['pass', []]
  ]);
  for (const entry of tn.searchIndex()) if (entry[5].includes(text)) groups.get(entry[0]).push(entry);
  const rank = entry => {
    const name = entry[1].toLowerCase();
    return name === text ? 0 : name.endsWith(text) ? 1 : name.includes(text) ? 2 : 3;
  };
  const result = [];
  for (const [kind, list] of groups) {
    list.sort((a, b) => rank(a) - rank(b));
    result.push(...list.slice(0, 8));
    if (list.length > 8)
      result.push(['more', `${tn.integer(list.length - 8)} more ${kind === 'pass' ? 'passes' : kind + 's'}`]);
  }
  return result.concat(tn.searchLines(text, 6));
};

tn.setUpSearch = () => {
  const input = document.getElementById('search'),
    box = document.getElementById('results');
  let results = [],
    at = 0;
  const close = () => {
    box.hidden = true;
  };
  const open = entry => {
    if (!entry || entry[0] === 'more') return;
    close();
    input.blur();
    tn.go(entry[3], entry[4]);
  };
  const draw = () => {
    box.hidden = !input.value.trim();
    tn.clear(box).append(
      ...results.map((entry, i) =>
        entry[0] === 'more'
          ? tn.el('div', { class: 'result muted' }, entry[1])
          : tn.el(
              'div',
              {
                class: 'result' + (i === at ? ' on' : ''),
                role: 'option',
                onpointerdown: event => {
                  event.preventDefault();
                  open(entry);
                }
              },
              tn.el('span', { class: 'result-kind' }, entry[0]),
              tn.el('span', { class: 'result-text' }, entry[1]),
              tn.el('span', { class: 'result-detail' }, entry[2])
            )
      )
    );
    if (!results.length) box.append(tn.el('div', { class: 'result muted' }, 'nothing'));
    const chosen = box.children[at];
    if (chosen) chosen.scrollIntoView({ block: 'nearest' });
  };
  const move = step => {
    do at = (at + step + results.length) % results.length;
    while (results[at][0] === 'more');
    draw();
  };
  input.addEventListener('input', () => {
    results = tn.find(input.value);
    at = 0;
    draw();
  });
  input.addEventListener('focus', () => {
    if (input.value) draw();
  });
  input.addEventListener('blur', close);
  input.addEventListener('keydown', event => {
    if (event.key === 'ArrowDown' && results.length) move(1);
    else if (event.key === 'ArrowUp' && results.length) move(-1);
    else if (event.key === 'Enter') open(results[at]);
    else if (event.key === 'Escape') input.blur();
    else return;
    event.preventDefault();
  });
};
