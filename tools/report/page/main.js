// Puts the page together and follows links.

tn.order = ['overview', 'passes', 'diff', 'graph', 'memory', 'kernels', 'numbers', 'remarks'];

tn.route = () => {
  const { key, value } = tn.parseHash();
  const name = tn.order.find(view => view === key || (tn.views[view].keys || []).includes(key)) || 'overview';
  const main = tn.clear(document.getElementById('main'));
  main.dataset.view = name;
  for (const tab of document.querySelectorAll('#tabs a')) tab.classList.toggle('on', tab.dataset.view === name);
  tn.tip(null);
  tn.current = tn.views[name].show(main, key, value) || null;
};

tn.setUpTop = () => {
  const summary = tn.data('summary'),
    finding = tn.finding(),
    report = tn.report();
  document
    .getElementById('model')
    .append(
      tn.el('strong', { title: summary.model }, tn.shorten(summary.model, 40)),
      ' ',
      report
        ? tn.el(
            'a',
            { class: 'chip ' + (finding ? 'bad' : 'good'), href: '#overview' },
            finding ? 'culprit: ' + finding.kind : 'nothing found'
          )
        : ''
    );
  document
    .getElementById('tabs')
    .append(...tn.order.map(name => tn.el('a', { href: '#' + name, 'data-view': name }, tn.views[name].title)));
};

addEventListener('hashchange', tn.route);
addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(input|select|textarea)$/i.test(event.target.tagName)) return;
  if (event.key === '/') {
    event.preventDefault();
    document.getElementById('search').select();
  } else if (/^[1-8]$/.test(event.key)) {
    tn.go(tn.order[event.key - 1]);
  } else if (tn.current && tn.current.key) {
    tn.current.key(event);
  }
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  tn.colors = {};
  tn.route();
});

tn.setUpTop();
tn.setUpSearch();
tn.route();
document.documentElement.dataset.ready = 'yes';
