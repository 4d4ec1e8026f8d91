// A list of any length, of which only the rows in sight are in the page.
class VirtualList {
  /// `render(i)` makes the element of a row. The list fills `container`, which scrolls.
  constructor(container, rowHeight, render) {
    this.container = container;
    this.rowHeight = rowHeight;
    this.render = render;
    this.count = 0;
    this.rows = new Map();
    this.space = tn.el('div', { class: 'space' });
    container.classList.add('virtual');
    container.append(this.space);
    this.pending = false;
    container.addEventListener('scroll', () => this.schedule(), { passive: true });
    new ResizeObserver(() => this.schedule()).observe(container);
  }

  setCount(count) {
    this.count = count;
    this.space.style.height = count * this.rowHeight + 'px';
    this.refresh();
  }

  /// Makes all rows anew.
  refresh() {
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    this.update();
  }

  schedule() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.update();
    });
  }

  update() {
    const { scrollTop, clientHeight } = this.container;
    const first = Math.max(0, Math.floor(scrollTop / this.rowHeight) - 8);
    const end = Math.min(this.count, Math.ceil((scrollTop + clientHeight) / this.rowHeight) + 8);
    for (const [i, row] of this.rows)
      if (i < first || i >= end) {
        row.remove();
        this.rows.delete(i);
      }
    const made = document.createDocumentFragment();
    for (let i = first; i < end; ++i) {
      if (this.rows.has(i)) continue;
      const row = this.render(i);
      row.classList.add('row');
      row.style.transform = `translateY(${i * this.rowHeight}px)`;
      row.style.height = this.rowHeight + 'px';
      this.rows.set(i, row);
      made.append(row);
    }
    this.space.append(made);
  }

  scrollTo(i) {
    this.container.scrollTop = Math.max(0, i * this.rowHeight - this.container.clientHeight / 3);
    this.update();
  }
}
