// What passes said about their decisions.

tn.remarksAbout = name => {
  const id = name ? tn.data('names').names.indexOf(name) : -1;
  return id < 0 ? [] : tn.data('remarks').list.filter(remark => remark.nodes.includes(id));
};

class RemarksView {
  constructor(main, wanted) {
    this.all = tn.data('remarks').list;
    const values = key => [...new Set(this.all.map(remark => remark[key]))].sort();
    const choice = (key, title) =>
      tn.el(
        'select',
        {
          'aria-label': title,
          onchange: event => {
            this[key] = event.target.value;
            this.filter();
          }
        },
        tn.el('option', { value: '' }, title),
        values(key).map(value => tn.el('option', { value }, value))
      );
    this.input = tn.el('input', {
      type: 'search',
      id: 'remark-filter',
      placeholder: 'Node, or part of the text',
      value: wanted || '',
      oninput: () => this.filter()
    });
    this.count = tn.el('span', { class: 'muted' });
    this.body = tn.el('div', { class: 'remark-list' });
    main.append(
      tn.el(
        'div',
        { class: 'remarks' },
        tn.el(
          'div',
          { class: 'toolbar' },
          this.input,
          choice('kind', 'all kinds'),
          choice('pass', 'all passes'),
          this.count
        ),
        this.body
      )
    );
    this.kind = this.pass = '';
    this.list = new VirtualList(this.body, 52, i => this.renderRow(this.shown[i]));
    this.filter();
  }

  filter() {
    const text = this.input.value.toLowerCase();
    this.shown = this.all.filter(
      remark =>
        (!this.kind || remark.kind === this.kind) &&
        (!this.pass || remark.pass === this.pass) &&
        (!text ||
          remark.message.toLowerCase().includes(text) ||
          remark.nodes.some(node => tn.nodeName(node).toLowerCase().includes(text)))
    );
    tn.clear(this.count).append(
      this.shown.length === this.all.length
        ? tn.plural(this.all.length, 'remark')
        : `${tn.integer(this.shown.length)} of ${tn.integer(this.all.length)}`
    );
    this.list.setCount(this.shown.length);
  }

  renderRow(remark) {
    return tn.el(
      'div',
      { class: 'remark' },
      tn.el(
        'div',
        { class: 'remark-head' },
        tn.el('span', { class: 'chip ' + remark.kind }, remark.kind),
        tn.el('span', { class: 'muted' }, `${remark.pass} \u00b7 ${remark.name}`),
        tn.nodeLinks(remark.nodes.map(tn.nodeName), 4)
      ),
      tn.el('div', { class: 'remark-text', title: remark.message }, remark.message)
    );
  }
}

tn.views.remarks = {
  title: 'Remarks',
  show: (main, key, value) => new RemarksView(main, value)
};
