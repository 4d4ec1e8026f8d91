// The timeline of passes. Those that changed nothing are folded.

/// Unchanged passes in a row are one entry.
tn.passGroups = () => {
  const groups = [];
  tn.data('snapshots').passes.forEach((pass, i) => {
    const last = groups[groups.length - 1];
    if (pass.changed || !pass.succeeded) groups.push({ pass, index: i });
    else if (last && last.folded) last.folded.push(pass);
    else groups.push({ folded: [pass], index: i });
  });
  return groups;
};

tn.errorChip = pass => {
  const report = tn.report();
  const record = report && report.passes.find(entry => entry.name === tn.passKey(pass));
  if (!record || record.error === undefined) return '';
  const bad = tn.finding() && tn.finding().where === record.name;
  return tn.el(
    'span',
    { class: 'chip ' + (bad ? 'bad' : 'good'), title: 'error of the worst result' },
    tn.error(record.error)
  );
};

tn.delta = (now, before) => {
  const change = now - before;
  return change === 0
    ? ''
    : tn.el(
        'span',
        { class: change > 0 ? 'more' : 'less' },
        (change > 0 ? '+' : '\u2212') + tn.integer(Math.abs(change))
      );
};

tn.passRow = (group, longest) => {
  const { pass, index } = group;
  const snapshots = tn.data('snapshots').snapshots;
  const size = snapshots[pass.snapshot],
    before = index ? snapshots[tn.data('snapshots').passes[index - 1].snapshot] : size;
  const culprit = tn.culpritPass() === index;
  return tn.el(
    'a',
    {
      class: 'pass' + (culprit ? ' culprit-row' : ''),
      href: index ? tn.link('pass', tn.passKey(pass)) : tn.link('diff', '0,0'),
      id: 'pass-' + index
    },
    tn.el('span', { class: 'pass-stage' }, pass.stage),
    tn.el(
      'span',
      { class: 'pass-name' },
      pass.name || 'the imported program',
      culprit ? tn.el('span', { class: 'chip bad' }, 'culprit') : null,
      pass.succeeded ? null : tn.el('span', { class: 'chip bad' }, 'failed')
    ),
    tn.el('span', { class: 'pass-summary' }, pass.summary),
    tn.el('span', { class: 'pass-error' }, tn.errorChip(pass)),
    tn.el(
      'span',
      { class: 'pass-size' },
      tn.delta(size.operations, before.operations),
      ' ',
      tn.integer(size.operations),
      tn.el('i', {}, ' ops')
    ),
    tn.el(
      'span',
      { class: 'pass-time' },
      tn.el('span', { class: 'bar', style: { width: Math.max(1, (70 * pass.seconds) / longest) + 'px' } }),
      index ? tn.time(pass.seconds) : ''
    )
  );
};

tn.foldedRow = (group, longest) => {
  const seconds = group.folded.reduce((sum, pass) => sum + pass.seconds, 0);
  const names = group.folded.map(pass => pass.name).join(', ');
  const details = tn.el(
    'details',
    { class: 'folded' },
    tn.el(
      'summary',
      {},
      tn.el('span', {}, `${group.folded.length} unchanged`),
      tn.el('span', { class: 'muted' }, tn.shorten(names, 90)),
      tn.el('span', { class: 'pass-time' }, tn.time(seconds))
    )
  );
  details.addEventListener(
    'toggle',
    () => {
      if (details.children.length === 1)
        group.folded.forEach((pass, i) => details.append(tn.passRow({ pass, index: group.index + i }, longest)));
    },
    { once: true }
  );
  return details;
};

/// `short`: without folded passes.
tn.passTable = short => {
  const longest = Math.max(1e-9, ...tn.data('snapshots').passes.map(pass => pass.seconds));
  const groups = tn.passGroups().filter(group => !short || group.pass);
  return tn.el(
    'div',
    { class: 'passes' },
    groups.map(group => (group.pass ? tn.passRow(group, longest) : tn.foldedRow(group, longest)))
  );
};

/// Time by stage, as one bar.
tn.stageBar = () => {
  const stages = new Map();
  for (const pass of tn.data('snapshots').passes.slice(1))
    stages.set(pass.stage, (stages.get(pass.stage) || 0) + pass.seconds);
  const total = [...stages.values()].reduce((sum, seconds) => sum + seconds, 0) || 1;
  return tn.el(
    'div',
    { class: 'stagebar' },
    [...stages].map(([stage, seconds], i) =>
      tn.el(
        'div',
        {
          style: { flexGrow: seconds / total + 0.02, background: tn.color('hue' + (i % 8)) },
          title: `${stage}: ${tn.time(seconds)}`
        },
        tn.el('span', {}, stage),
        tn.el('span', {}, tn.time(seconds))
      )
    )
  );
};

tn.views.passes = {
  title: 'Passes',
  show(main) {
    const passes = tn.data('snapshots').passes.slice(1);
    main.append(
      tn.el(
        'div',
        { class: 'scroll page' },
        tn.el('h1', {}, 'Passes'),
        tn.el(
          'p',
          { class: 'muted' },
          `${passes.length} passes in ${tn.time(passes.reduce((sum, pass) => sum + pass.seconds, 0))}. ` +
            'A row leads to what the pass changed.'
        ),
        tn.stageBar(),
        tn.el('section', { class: 'panel' }, tn.passTable(false))
      )
    );
  }
};
