// The first thing to see: what was found, or that nothing was, and the compilation in a few numbers.

/// A list of nodes as links into the graph.
tn.nodeLinks = (names, most = 8) => [
  names.slice(0, most).map(name => tn.anchor(tn.shorten(name, 60), 'node', name, { class: 'chip', title: name })),
  names.length > most ? tn.el('span', { class: 'muted' }, ` and ${names.length - most} more`) : null
];

tn.codeBlock = (title, lines, kind) =>
  tn.el(
    'div',
    { class: 'code ' + kind },
    tn.el('div', { class: 'code-title' }, title),
    lines.length
      ? lines.slice(0, 12).map(line => tn.el('div', { class: 'code-line' }, tn.highlight(line)))
      : tn.el('div', { class: 'code-line muted' }, 'nothing'),
    lines.length > 12 ? tn.el('div', { class: 'muted' }, `and ${lines.length - 12} more`) : null
  );

tn.verdictBad = finding => {
  const pass = tn.culpritPass();
  const rewrite = finding.rewrite,
    kernel = finding.kernel;
  const facts = [];
  const fact = (name, ...value) => facts.push(tn.el('dt', {}, name), tn.el('dd', {}, ...value));
  if (rewrite)
    fact(
      'step',
      rewrite.pattern
        ? [tn.el('code', {}, rewrite.pattern), ` \u2013 number ${rewrite.step} of ${rewrite.steps}`]
        : `none of the pass\u2019s ${rewrite.steps} steps does it: it is wrong before the first`
    );
  if (rewrite && rewrite.at) fact('at', tn.el('code', { class: 'wrap' }, tn.highlight(rewrite.at)));
  if (kernel) {
    fact('kernel', tn.anchor(`step ${kernel.number}`, 'kernel', kernel.number), `, template ${kernel.template}`);
    fact('lowering', kernel.lowering_step);
    fact('naive lowering', kernel.naive_lowering);
  }
  if (finding.output) fact('result', finding.output);
  if (tn.number(finding.difference) > 0)
    fact('error', `${tn.error(finding.difference)}, ${tn.error(finding.tolerance)} is allowed`);
  if (finding.nodes.length) fact('nodes', tn.nodeLinks(finding.nodes));
  const actions = [];
  if (pass > 0) actions.push(tn.anchor('What the pass changed', 'pass', finding.where, { class: 'button' }));
  if (finding.nodes.length) actions.push(tn.anchor('In the graph', 'node', finding.nodes[0], { class: 'button' }));
  if (kernel) actions.push(tn.anchor('The kernel', 'kernel', kernel.number, { class: 'button' }));
  actions.push(tn.anchor('Errors by pass', 'numbers', undefined, { class: 'button quiet' }));
  return tn.el(
    'section',
    { class: 'verdict bad', id: 'verdict' },
    tn.el('div', { class: 'eyebrow' }, `Culprit: ${finding.kind}`),
    tn.el('h1', { class: 'culprit' }, finding.where),
    tn.el('p', { class: 'lead' }, finding.message),
    tn.el('dl', {}, facts),
    rewrite && (rewrite.before.length || rewrite.after.length)
      ? tn.el(
          'div',
          { class: 'twin' },
          tn.codeBlock('before', rewrite.before, 'old'),
          tn.codeBlock('after', rewrite.after, 'new')
        )
      : null,
    kernel && kernel.body ? tn.codeBlock('body', kernel.body.split('\n'), 'old') : null,
    tn.el('div', { class: 'actions' }, actions)
  );
};

tn.verdict = () => {
  const report = tn.report(),
    finding = tn.finding();
  if (finding) return tn.verdictBad(finding);
  if (!report)
    return tn.el(
      'section',
      { class: 'verdict', id: 'verdict' },
      tn.el('div', { class: 'eyebrow' }, 'Compiled'),
      tn.el('h1', {}, tn.data('summary').model),
      tn.el(
        'p',
        { class: 'lead' },
        'This is how it was compiled. Whether every pass and kernel is right, and how fast they are, ',
        tn.el('code', {}, 'tenon debug --report'),
        ' finds out.'
      )
    );
  const changed = report.passes.filter(pass => pass.changed).length;
  return tn.el(
    'section',
    { class: 'verdict good', id: 'verdict' },
    tn.el('div', { class: 'eyebrow' }, 'Nothing found'),
    tn.el('h1', {}, 'Every pass, kernel and the artifact agree'),
    tn.el(
      'p',
      { class: 'lead' },
      `The program was run after each of the ${changed} passes that changed it` +
        (report.kernels
          ? `, ${tn.plural(report.kernels, 'native kernel')} one by one, and the artifact as a whole`
          : '') +
        `. No result is off by more than ${tn.error(report.tolerance)}; that took ${tn.time(report.seconds)}.`
    )
  );
};

tn.cards = () => {
  const snapshots = tn.data('snapshots'),
    memory = tn.data('memory'),
    kernels = tn.data('kernels');
  const first = snapshots.snapshots[0],
    last = snapshots.snapshots[snapshots.snapshots.length - 1];
  const card = (name, value, note, key) =>
    tn.el(
      'a',
      { class: 'card', href: tn.link(key) },
      tn.el('div', { class: 'card-name' }, name),
      tn.el('div', { class: 'card-value' }, value),
      tn.el('div', { class: 'card-note' }, note)
    );
  const passes = snapshots.passes.slice(1),
    changed = passes.filter(pass => pass.changed);
  const list = [
    card('Operations', tn.integer(first.operations), `imported; ${tn.integer(last.operations)} at the end`, 'graph'),
    card(
      'Passes',
      `${changed.length}`,
      `of ${passes.length} changed something, ${tn.time(passes.reduce((sum, pass) => sum + pass.seconds, 0))}`,
      'passes'
    )
  ];
  if (kernels.steps) {
    const names = new Set(kernels.steps.map(step => step.kernel));
    const flops = kernels.steps.reduce((sum, step) => sum + step.flops, 0);
    list.push(
      card(
        'Kernels',
        tn.integer(names.size),
        `in ${tn.plural(kernels.steps.length, 'step')}, ${tn.count(flops)}flop`,
        'kernels'
      )
    );
    if (kernels.machine) {
      const total = kernels.steps.reduce((sum, step) => sum + step.seconds, 0);
      const best = kernels.steps.reduce((sum, step) => sum + tn.bestTime(step, kernels.machine), 0);
      list.push(
        card(
          'One run',
          tn.time(total),
          `${Math.round((100 * best) / total)}% of the roofline, ${tn.plural(kernels.machine.threads, 'thread')}`,
          'kernels'
        )
      );
    }
  }
  if (memory.buffers)
    list.push(
      card(
        'Arena',
        tn.bytes(memory.arena),
        memory.arena > memory.lower_bound ? `at least ${tn.bytes(memory.lower_bound)}` : 'no plan is smaller',
        'memory'
      ),
      card('Weights', tn.bytes(memory.weights), 'constant', 'memory')
    );
  const remarks = tn.data('remarks').list;
  list.push(
    card(
      'Remarks',
      tn.integer(remarks.length),
      `${tn.integer(remarks.filter(remark => remark.kind === 'missed').length)} about what was not done`,
      'remarks'
    )
  );
  return tn.el('section', { class: 'cards' }, list);
};

tn.views.overview = {
  title: 'Overview',
  show(main) {
    const report = tn.report();
    const notes =
      report && report.notes.length
        ? tn.el(
            'section',
            { class: 'panel notes' },
            report.notes.map(note => tn.el('p', {}, note.replace(/^note: /, '')))
          )
        : null;
    const trail =
      report && report.passes.some(pass => pass.error !== undefined)
        ? tn.el('section', { class: 'panel' }, tn.el('h2', {}, 'Error after every pass'), tn.trailChart(220))
        : null;
    main.append(
      tn.el(
        'div',
        { class: 'scroll page' },
        tn.verdict(),
        notes,
        tn.cards(),
        trail,
        tn.el('section', { class: 'panel' }, tn.el('h2', {}, 'Passes'), tn.passTable(true))
      )
    );
  }
};
