// The memory plan: buffers of the arena over the steps of the program.

/// Bytes alive at every step.
tn.aliveBytes = memory => {
  const change = new Float64Array(memory.steps + 1);
  for (const [begin, end, first, last] of memory.buffers) {
    change[first] += end - begin;
    change[last + 1] -= end - begin;
  }
  const alive = new Float64Array(memory.steps);
  let sum = 0;
  for (let i = 0; i < memory.steps; ++i) alive[i] = sum += change[i];
  return alive;
};

class MemoryView {
  constructor(main, wanted) {
    const memory = (this.memory = tn.data('memory'));
    this.alive = tn.aliveBytes(memory);
    this.peak = this.alive.reduce((best, bytes, i) => (bytes > this.alive[best] ? i : best), 0);
    this.culprits = tn.culprits();
    this.first = 0;
    this.span = Math.max(1, memory.steps);
    this.step = wanted !== undefined && Number(wanted) < memory.steps ? Number(wanted) : this.peak;
    const box = tn.el('div', { class: 'memory-box' });
    this.panel = tn.el('div', { class: 'panel memory-list' });
    const fact = (name, value) => [tn.el('dt', {}, name), tn.el('dd', {}, value)];
    main.append(
      tn.el(
        'div',
        { class: 'memory' },
        tn.el(
          'div',
          { class: 'toolbar facts' },
          tn.el(
            'dl',
            {},
            fact('arena', tn.bytes(memory.arena)),
            fact('most alive at once', tn.bytes(memory.lower_bound)),
            fact('peak', `step ${this.peak}`),
            fact('buffers', tn.integer(memory.buffers.length)),
            fact('weights', tn.bytes(memory.weights))
          ),
          tn.el(
            'button',
            {
              onclick: () => {
                this.first = 0;
                this.span = memory.steps;
                this.picture.schedule();
              }
            },
            'Fit'
          ),
          tn.el('button', { onclick: () => this.choose(this.peak) }, 'Peak'),
          tn.el('span', { class: 'muted' }, 'wheel: zoom, drag: move, click: what is alive at a step')
        ),
        box,
        this.panel
      )
    );
    this.picture = new Picture(box, (context, width, height) => this.paint(context, width, height));
    this.listen(this.picture.canvas);
    this.choose(this.step);
  }

  x(step) {
    return this.left + ((step - this.first) / this.span) * (this.picture.width - this.left - 12);
  }
  stepAt(x) {
    return Math.floor(this.first + ((x - this.left) / (this.picture.width - this.left - 12)) * this.span);
  }
  y(byte) {
    return this.bottom - (byte / Math.max(1, this.memory.arena)) * (this.bottom - this.top);
  }

  paint(context, width, height) {
    this.left = 70;
    this.top = 120;
    this.bottom = height - 28;
    this.paintAlive(context, width);
    this.paintAxes(context, width);
    context.save();
    context.beginPath();
    context.rect(this.left, this.top - 1, width - this.left - 12, this.bottom - this.top + 2);
    context.clip();
    this.memory.buffers.forEach((buffer, i) => this.paintBuffer(context, buffer, i, width));
    context.restore();
    this.paintMark(context, this.peak, tn.color('bad'), `peak ${tn.bytes(this.alive[this.peak] || 0)}`, width, 14);
    if (this.step !== this.peak) this.paintMark(context, this.step, tn.color('accent'), `step ${this.step}`, width, 28);
  }

  /// The curve above: bytes alive, and the size of the arena.
  paintAlive(context, width) {
    const base = this.top - 22,
      height = 66,
      most = Math.max(1, this.memory.arena);
    context.fillStyle = tn.color('accent-soft');
    context.beginPath();
    context.moveTo(this.x(this.first), base);
    const end = Math.min(this.memory.steps, Math.ceil(this.first + this.span));
    const every = Math.max(1, Math.floor(this.span / width));
    for (let i = Math.max(0, Math.floor(this.first)); i < end; i += every) {
      let bytes = 0;
      for (let k = i; k < Math.min(end, i + every); ++k) bytes = Math.max(bytes, this.alive[k]);
      context.lineTo(this.x(i), base - (bytes / most) * height);
      context.lineTo(this.x(i + every), base - (bytes / most) * height);
    }
    context.lineTo(this.x(end), base);
    context.fill();
    context.strokeStyle = tn.color('line-strong');
    context.setLineDash([4, 4]);
    tn.strokeLine(context, this.left, base - height, width - 12, base - height);
    context.setLineDash([]);
    context.fillStyle = tn.color('muted');
    context.textAlign = 'right';
    context.fillText(tn.bytes(this.memory.arena), this.left - 8, base - height);
    context.fillText('alive', this.left - 8, base - 6);
    context.textAlign = 'left';
  }

  paintAxes(context, width) {
    context.strokeStyle = tn.color('line');
    context.fillStyle = tn.color('muted');
    context.textAlign = 'right';
    for (const tick of tn.linearTicks(this.memory.arena, 5)) {
      tn.strokeLine(context, this.left, this.y(tick), width - 12, this.y(tick));
      context.fillText(tn.bytes(tick), this.left - 8, this.y(tick));
    }
    context.textAlign = 'center';
    for (const tick of tn.linearTicks(this.span, 10).map(step => Math.round(step + this.first)))
      if (tick < this.memory.steps) context.fillText(tick, this.x(tick + 0.5), this.bottom + 14);
    context.textAlign = 'left';
  }

  paintBuffer(context, buffer, i, width) {
    const [begin, end, first, last, node] = buffer;
    if (last + 1 < this.first || first > this.first + this.span) return;
    const x = this.x(first),
      y = this.y(end),
      w = Math.max(0.8, this.x(last + 1) - x),
      h = Math.max(0.8, this.y(begin) - y);
    const bad = this.culprits.has(tn.nodeName(node));
    context.fillStyle = bad ? tn.color('bad') : tn.color('hue' + (i % 7));
    context.globalAlpha = i === this.hovered || bad ? 1 : first <= this.step && last >= this.step ? 0.85 : 0.5;
    context.fillRect(x + 0.3, y + 0.3, Math.max(0.6, w - 0.6), Math.max(0.6, h - 0.6));
    context.globalAlpha = 1;
    if (w > 60 && h > 14) {
      context.fillStyle = '#fff';
      context.fillText(tn.shorten(tn.nodeName(node), Math.floor((w - 8) / 7)), x + 5, y + h / 2);
    }
  }

  paintMark(context, step, color, text, width, y) {
    const x = this.x(step + 0.5);
    if (x < this.left || x > width - 12) return;
    context.strokeStyle = color;
    context.lineWidth = 1.5;
    tn.strokeLine(context, x, y + 8, x, this.bottom);
    context.lineWidth = 1;
    context.fillStyle = color;
    tn.fitText(context, text, x - context.measureText(text).width / 2, y, width);
  }

  hit([px, py]) {
    const step = this.stepAt(px),
      byte = ((this.bottom - py) / (this.bottom - this.top)) * this.memory.arena;
    return this.memory.buffers.findIndex(
      ([begin, end, first, last]) => step >= first && step <= last && byte >= begin && byte < end
    );
  }

  listen(canvas) {
    let drag = null;
    canvas.addEventListener('pointerdown', event => {
      drag = { x: event.clientX, first: this.first, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', event => {
      const point = this.picture.point(event);
      if (drag) {
        drag.moved ||= Math.abs(event.clientX - drag.x) > 3;
        return this.move(
          drag.first - ((event.clientX - drag.x) / (this.picture.width - this.left - 12)) * this.span,
          this.span
        );
      }
      const found = this.hit(point);
      if (found !== this.hovered) {
        this.hovered = found;
        this.picture.schedule();
      }
      tn.tip(found < 0 ? null : this.describe(this.memory.buffers[found]), event.clientX, event.clientY);
    });
    canvas.addEventListener('pointerup', event => {
      if (drag && !drag.moved)
        this.choose(Math.max(0, Math.min(this.memory.steps - 1, this.stepAt(this.picture.point(event)[0]))));
      drag = null;
    });
    canvas.addEventListener('pointerleave', () => tn.tip(null));
    canvas.addEventListener(
      'wheel',
      event => {
        event.preventDefault();
        const at =
          this.first + ((this.picture.point(event)[0] - this.left) / (this.picture.width - this.left - 12)) * this.span;
        const span = Math.min(this.memory.steps, Math.max(4, this.span * Math.exp(event.deltaY * 0.0015)));
        this.move(at - ((at - this.first) * span) / this.span, span);
      },
      { passive: false }
    );
  }

  move(first, span) {
    this.span = span;
    this.first = Math.max(0, Math.min(this.memory.steps - span, first));
    this.picture.schedule();
  }

  describe([begin, end, first, last, node, type]) {
    return [
      tn.nodeName(node) || 'buffer',
      `${tn.bytes(end - begin)} at ${tn.integer(begin)}`,
      type,
      `steps ${first} to ${last}`
    ];
  }

  /// Lists what is alive at a step, largest first.
  choose(step) {
    this.step = step;
    const alive = this.memory.buffers
      .filter(([, , first, last]) => step >= first && step <= last)
      .sort((a, b) => b[1] - b[0] - (a[1] - a[0]));
    const steps = tn.data('kernels').steps;
    tn.clear(this.panel).append(
      tn.el(
        'h2',
        {},
        `Step ${step}${step === this.peak ? ', the peak' : ''}: ${tn.bytes(this.alive[step] || 0)} in `,
        `${tn.plural(alive.length, 'buffer')} `,
        steps && steps[step] ? tn.anchor(steps[step].kernel, 'kernel', step) : ''
      ),
      tn.el(
        'div',
        { class: 'table-scroll' },
        tn.el(
          'table',
          {},
          alive
            .slice(0, 40)
            .map(buffer =>
              tn.el(
                'tr',
                {},
                tn.el('td', { class: 'num' }, tn.bytes(buffer[1] - buffer[0])),
                tn.el('td', { class: 'num' }, tn.integer(buffer[0])),
                tn.el('td', {}, `steps ${buffer[2]}\u2013${buffer[3]}`),
                tn.el('td', {}, buffer[4] >= 0 ? tn.nodeLinks([tn.nodeName(buffer[4])]) : ''),
                tn.el('td', {}, tn.el('code', {}, tn.highlight(buffer[5])))
              )
            )
        )
      ),
      alive.length > 40 ? tn.el('p', { class: 'muted' }, `and ${alive.length - 40} smaller ones`) : ''
    );
    this.picture.schedule();
  }
}

tn.views.memory = {
  title: 'Memory',
  show(main, key, value) {
    if (tn.data('memory').buffers) return new MemoryView(main, value);
    main.append(
      tn.el(
        'div',
        { class: 'scroll page' },
        tn.el('h1', {}, 'Memory'),
        tn.el('p', { class: 'muted' }, 'The compilation did not come as far as planning memory.')
      )
    );
  }
};
