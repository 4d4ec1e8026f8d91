// Two programs side by side.

/// The first and the second program that a link names: "#pass=fuse" is what the pass did, "#diff=2,7" any two.
tn.diffPair = (key, value) => {
  const { passes, snapshots } = tn.data('snapshots');
  const last = snapshots.length - 1;
  if (key === 'pass' && value !== undefined) {
    let index = passes.findIndex(pass => tn.passKey(pass) === value);
    if (index < 0) index = passes.findIndex(pass => pass.name === value && pass.changed);
    if (index < 0) index = passes.findIndex(pass => pass.name === value);
    if (index > 0) return [passes[index - 1].snapshot, passes[index].snapshot];
  }
  const given = (value || '')
    .split(',')
    .map(Number)
    .filter(n => Number.isInteger(n) && n >= 0 && n <= last);
  if (key === 'diff' && given.length >= 2) return given;
  const culprit = tn.culpritPass();
  if (culprit > 0) return [passes[culprit - 1].snapshot, passes[culprit].snapshot];
  return [Math.max(0, last - 1), last];
};

/// The pass that left a program.
tn.passOfSnapshot = snapshot =>
  tn.data('snapshots').passes.find(pass => pass.snapshot === snapshot && (pass.changed || snapshot === 0));

/// Rows that did not change, beyond the context of those that did, become one row each: [begin, end, "fold"].
tn.foldRows = (rows, context = 3) => {
  const shown = new Uint8Array(rows.length);
  rows.forEach((row, i) => {
    if (row[2] === 'same') return;
    shown.fill(1, Math.max(0, i - context), Math.min(rows.length, i + context + 1));
  });
  const result = [];
  for (let i = 0; i < rows.length;) {
    let end = i;
    while (end < rows.length && !shown[end]) ++end;
    if (end - i > 1) result.push([i, end, 'fold']);
    else if (end > i) result.push(rows[i]);
    if (end < rows.length) result.push(rows[end]);
    i = end + 1;
  }
  return result;
};

class DiffView {
  constructor(main, a, b, wanted) {
    Object.assign(this, { a, b, wanted, unfolded: new Set(), changes: [], at: -1 });
    const { snapshots } = tn.data('snapshots');
    this.left = tn.snapshot(a);
    this.right = tn.snapshot(b);
    this.all = a === b ? [...this.left.keys()].map(i => [i, i, 'same']) : tn.compare(this.left, this.right);
    this.body = tn.el('div', { class: 'diff-body' });
    this.detail = tn.el('div', { class: 'diff-detail', hidden: true });
    this.count = tn.el('span', { class: 'muted' });
    this.scrolls = [0, 1].map(side => this.makeScroll(side));
    const choose = (value, side) =>
      tn.el(
        'select',
        {
          'aria-label': side ? 'second program' : 'first program',
          onchange: event => tn.go('diff', side ? `${a},${event.target.value}` : `${event.target.value},${b}`)
        },
        snapshots.map((snapshot, i) =>
          tn.el(
            'option',
            { value: i, selected: i === value },
            (i ? 'after ' : '') + tn.passTitle(tn.passOfSnapshot(i) || { stage: 'program ' + i })
          )
        )
      );
    const note = [snapshots[a].note, snapshots[b].note].find(Boolean);
    main.append(
      tn.el(
        'div',
        { class: 'diff' },
        tn.el(
          'div',
          { class: 'toolbar' },
          choose(a, 0),
          tn.el('span', { class: 'muted' }, '\u2192'),
          choose(b, 1),
          tn.el('button', { onclick: () => this.step(-1), title: 'previous change (p)' }, '\u2191'),
          tn.el('button', { onclick: () => this.step(1), title: 'next change (n)' }, '\u2193'),
          this.count,
          tn.el(
            'label',
            {},
            tn.el('input', { type: 'checkbox', id: 'show-all', onchange: event => this.showAll(event.target.checked) }),
            ' unchanged lines'
          )
        ),
        note ? tn.el('div', { class: 'note' }, note) : null,
        this.body,
        tn.el('div', { class: 'diff-scrolls' }, this.scrolls),
        this.detail
      )
    );
    this.list = new VirtualList(this.body, 20, i => this.renderRow(this.rows[i]));
    this.longest = [this.left, this.right].map(lines =>
      lines.reduce((most, line) => Math.max(most, tn.line(line).length), 0)
    );
    this.scrolls.forEach((scroll, side) => {
      scroll.firstChild.style.width = `calc(${this.longest[side]}ch + 6ch)`;
    });
    this.body.addEventListener('wheel', event => this.wheel(event), { passive: false });
    this.showAll(a === b);
    if (this.wanted !== undefined) this.reveal(this.wanted);
    else this.step(1);
  }

  makeScroll(side) {
    const scroll = tn.el('div', { class: 'hscroll' }, tn.el('div', {}));
    scroll.addEventListener('scroll', () => this.body.style.setProperty('--shift' + side, -scroll.scrollLeft + 'px'), {
      passive: true
    });
    return scroll;
  }

  wheel(event) {
    if (!event.deltaX) return;
    const side = event.clientX > this.body.getBoundingClientRect().left + this.body.clientWidth / 2 ? 1 : 0;
    this.scrolls[side].scrollLeft += event.deltaX;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) event.preventDefault();
  }

  showAll(all) {
    this.everything = all;
    const box = this.body.parentElement.querySelector('#show-all');
    if (box) box.checked = all;
    this.rows = all ? this.all : tn.foldRows(this.all);
    this.index();
  }

  /// Finds where changes begin.
  index() {
    this.changes = [];
    let changed = 0;
    this.rows.forEach((row, i) => {
      const isChange = row[2] !== 'same' && row[2] !== 'fold';
      if (isChange) ++changed;
      if (isChange && (i === 0 || ['same', 'fold'].includes(this.rows[i - 1][2]))) this.changes.push(i);
    });
    tn.clear(this.count).append(
      this.a === this.b
        ? tn.plural(this.left.length, 'line')
        : changed
          ? `${tn.plural(changed, 'line')} in ${tn.plural(this.changes.length, 'place')}`
          : 'no difference'
    );
    this.at = -1;
    this.list.setCount(this.rows.length);
  }

  step(direction) {
    if (!this.changes.length) return;
    this.at = (this.at + direction + this.changes.length) % this.changes.length;
    this.list.scrollTo(this.changes[this.at]);
  }

  unfold(row) {
    const at = this.rows.indexOf(row);
    this.rows = [...this.rows.slice(0, at), ...this.all.slice(row[0], row[1]), ...this.rows.slice(at + 1)];
    this.index();
  }

  /// Scrolls to a line of the table.
  reveal(number) {
    if (!this.everything) this.showAll(true);
    const at = this.rows.findIndex(
      row => (row[1] >= 0 && this.right[row[1]] === number) || (row[0] >= 0 && this.left[row[0]] === number)
    );
    if (at < 0) return;
    this.list.scrollTo(at);
    this.showDetail(this.rows[at]);
  }

  renderRow(row) {
    if (row[2] === 'fold')
      return tn.el(
        'div',
        { class: 'fold', onclick: () => this.unfold(row) },
        `\u22ef ${tn.plural(row[1] - row[0], 'unchanged line')}`
      );
    const texts = [row[0] < 0 ? null : tn.line(this.left[row[0]]), row[1] < 0 ? null : tn.line(this.right[row[1]])];
    const marks = row[2] === 'change' ? tn.difference(texts[0], texts[1]) : [null, null];
    const element = tn.el(
      'div',
      { class: 'diff-row ' + row[2], onclick: () => this.showDetail(row) },
      texts.map((text, side) =>
        tn.el(
          'div',
          { class: 'cell side' + side + (text === null ? ' empty' : '') },
          tn.el('span', { class: 'line-number' }, text === null ? '' : row[side] + 1),
          tn.el('span', { class: 'line' }, text === null ? '' : tn.highlight(text, marks[side]))
        )
      )
    );
    if (this.culpritNodes === undefined) this.culpritNodes = tn.culprits();
    const line = row[1] >= 0 ? this.right[row[1]] : this.left[row[0]];
    if (
      this.culpritNodes.size &&
      row[2] !== 'same' &&
      tn.lineNodes(line).some(node => this.culpritNodes.has(tn.nodeName(node)))
    )
      element.classList.add('suspect');
    return element;
  }

  /// The whole of a line, and where it comes from.
  showDetail(row) {
    const parts = [
      [row[0] < 0 ? -1 : this.left[row[0]], 'old'],
      [row[1] < 0 ? -1 : this.right[row[1]], 'new']
    ];
    const shown = row[2] === 'same' ? parts.slice(1) : parts.filter(([line]) => line >= 0);
    const texts = shown.map(([line]) => tn.line(line).trim());
    const marks = shown.length === 2 ? tn.difference(...texts) : [];
    const nodes = [...new Set(shown.flatMap(([line]) => tn.lineNodes(line)))].map(tn.nodeName);
    this.detail.hidden = false;
    tn.clear(this.detail).append(
      tn.el(
        'button',
        {
          class: 'close',
          title: 'close',
          onclick: () => {
            this.detail.hidden = true;
          }
        },
        '\u00d7'
      ),
      ...shown.map(([, kind], i) =>
        tn.el('div', { class: 'code-line ' + (row[2] === 'same' ? '' : kind) }, tn.highlight(texts[i], marks[i]))
      ),
      nodes.length ? tn.el('div', { class: 'nodes' }, tn.nodeLinks(nodes)) : ''
    );
  }

  key(event) {
    if (event.key === 'n' || event.key === 'p') this.step(event.key === 'n' ? 1 : -1);
  }
}

tn.views.diff = {
  title: 'Diff',
  keys: ['pass'],
  show(main, key, value) {
    const [a, b, line] = tn.diffPair(key, value);
    return new DiffView(main, a, b, line);
  }
};
