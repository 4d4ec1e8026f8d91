// Steps of the program: on a roofline, and as a table.

tn.bestTime = (step, machine) =>
  Math.max(
    machine.flops > 0 ? step.flops / machine.flops : 0,
    machine.bandwidth > 0 ? step.bytes / machine.bandwidth : 0
  );
tn.stepNodes = step => step.nodes.map(tn.nodeName);

class KernelsView {
  constructor(main, wanted) {
    const { steps, machine, note } = tn.data('kernels');
    this.steps = steps;
    this.machine = machine;
    this.rows = steps.map((step, number) => ({ step, number }));
    this.chosen = wanted === undefined ? -1 : Number(wanted);
    const finding = tn.finding();
    this.culprit = finding && finding.kernel ? finding.kernel.number : -1;
    this.total = steps.reduce((sum, step) => sum + (step.seconds || 0), 0);
    const children = [];
    if (machine) {
      this.box = tn.el('div', { class: 'roofline-box' });
      children.push(this.box);
    } else {
      children.push(tn.el('div', { class: 'note' }, note));
    }
    this.head = tn.el('div', { class: 'table-head kernel-row' });
    this.body = tn.el('div', { class: 'kernel-list' });
    this.detail = tn.el('div', { class: 'diff-detail', hidden: true });
    main.append(tn.el('div', { class: 'kernels' }, children, this.head, this.body, this.detail));
    if (machine) {
      this.picture = new Picture(this.box, (context, width, height) => this.paint(context, width, height));
      this.listen();
    }
    this.list = new VirtualList(this.body, 28, i => this.renderRow(this.rows[i]));
    this.sort(machine ? 'time' : 'flops');
    if (this.chosen >= 0 && this.chosen < steps.length) this.choose(this.chosen, true);
  }

  columns() {
    const { machine } = this;
    const list = [
      ['step', row => row.number, row => row.number],
      ['kernel', row => row.step.kernel, row => row.step.kernel],
      ['nodes', row => tn.stepNodes(row.step)[0] || '', row => this.nodesText(row.step)]
    ];
    if (machine)
      list.push(
        ['time', row => row.step.seconds, row => tn.time(row.step.seconds)],
        ['share', row => row.step.seconds, row => ((100 * row.step.seconds) / this.total).toFixed(1) + ' %'],
        [
          'GFLOP/s',
          row => row.step.flops / row.step.seconds,
          row => (row.step.flops / row.step.seconds / 1e9).toFixed(1)
        ],
        ['GB/s', row => row.step.bytes / row.step.seconds, row => (row.step.bytes / row.step.seconds / 1e9).toFixed(1)],
        [
          'roofline',
          row => tn.bestTime(row.step, machine) / row.step.seconds,
          row => Math.round((100 * tn.bestTime(row.step, machine)) / row.step.seconds) + ' %'
        ]
      );
    list.push(
      ['flops', row => row.step.flops, row => tn.count(row.step.flops)],
      ['bytes', row => row.step.bytes, row => tn.bytes(row.step.bytes)]
    );
    return list;
  }

  nodesText(step) {
    const names = tn.stepNodes(step);
    return names.length ? tn.shorten(names[0], 46) + (names.length > 1 ? ` +${names.length - 1}` : '') : '';
  }

  sort(name) {
    const column = this.columns().find(entry => entry[0] === name);
    const down = this.sorted === name ? !this.down : !['step', 'kernel', 'nodes'].includes(name);
    this.sorted = name;
    this.down = down;
    this.rows.sort((a, b) => {
      const x = column[1](a),
        y = column[1](b),
        order = x < y ? -1 : x > y ? 1 : a.number - b.number;
      return down ? -order : order;
    });
    tn.clear(this.head).append(
      ...this.columns().map(([title]) =>
        tn.el(
          'button',
          {
            class: 'cell-' + title.replace(/\W/g, '') + (title === name ? ' on' : ''),
            onclick: () => this.sort(title)
          },
          title + (title === name ? (down ? ' \u2193' : ' \u2191') : '')
        )
      )
    );
    this.list.setCount(this.rows.length);
  }

  renderRow(row) {
    const bad = row.number === this.culprit;
    return tn.el(
      'div',
      {
        class: 'kernel-row' + (row.number === this.chosen ? ' chosen' : '') + (bad ? ' culprit-row' : ''),
        onclick: () => this.choose(row.number, false)
      },
      this.columns().map(([title, , text]) =>
        tn.el(
          'span',
          { class: 'cell-' + title.replace(/\W/g, '') },
          title === 'kernel'
            ? [
                tn.el('i', { class: 'dot', style: { background: tn.templateColor(row.step.template) } }),
                text(row),
                bad ? tn.el('span', { class: 'chip bad' }, 'culprit') : null
              ]
            : text(row)
        )
      )
    );
  }

  choose(number, scroll) {
    this.chosen = number;
    const step = this.steps[number],
      at = this.rows.findIndex(row => row.number === number);
    this.list.refresh();
    if (scroll) this.list.scrollTo(at);
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
      tn.el(
        'div',
        { class: 'strong' },
        `${tn.kernelLabel(number)}, template ${step.template} \u00b7 `,
        tn.anchor('its text', 'diff', tn.kernelLine(number)),
        ' \u00b7 ',
        tn.anchor('its buffers', 'memory', number)
      ),
      tn.el('div', { class: 'nodes' }, tn.nodeLinks(tn.stepNodes(step), 40))
    );
    if (this.picture) this.picture.schedule();
  }

  // ---- The roofline ----

  range() {
    const measured = this.steps.filter(step => step.flops > 0 && step.seconds > 0 && step.bytes > 0);
    const { machine } = this,
      ridge = machine.flops / machine.bandwidth;
    const xs = measured.map(step => step.flops / step.bytes).concat([ridge]),
      ys = measured.map(step => step.flops / step.seconds).concat([machine.flops]);
    const bounds = list => [list.reduce((a, b) => Math.min(a, b)) / 2, list.reduce((a, b) => Math.max(a, b)) * 2];
    const [x0, x1] = bounds(xs),
      [, y1] = bounds(ys);
    return { x0, x1: Math.max(x1, ridge * 8), y0: Math.max(bounds(ys)[0], y1 / 1e6), y1 };
  }

  paint(context, width, height) {
    const range = (this.axes = {
      ...(this.axes || this.range()),
      left: 96,
      right: width - 16,
      top: 16,
      bottom: height - 38
    });
    const { left, right, top, bottom } = range,
      { machine } = this;
    const x = value => left + (Math.log(value / range.x0) / Math.log(range.x1 / range.x0)) * (right - left);
    const y = value =>
      bottom - (Math.log(Math.max(value, range.y0) / range.y0) / Math.log(range.y1 / range.y0)) * (bottom - top);
    Object.assign(this, { toX: x, toY: y });
    context.strokeStyle = tn.color('line');
    context.fillStyle = tn.color('muted');
    context.textAlign = 'center';
    for (const tick of tn.logTicks(range.x0, range.x1)) {
      tn.strokeLine(context, x(tick), top, x(tick), bottom);
      context.fillText(tick < 1 ? tick.toPrecision(1) : tick, x(tick), bottom + 13);
    }
    context.fillText(
      'operations per byte; what lies above the roof found its data in caches',
      (left + right) / 2,
      bottom + 29
    );
    context.textAlign = 'right';
    for (const tick of tn.logTicks(range.y0, range.y1)) {
      tn.strokeLine(context, left, y(tick), right, y(tick));
      context.fillText(tn.count(tick) + 'FLOP/s', left - 6, y(tick));
    }
    context.textAlign = 'left';
    this.paintRoof(context, range, x, y, machine);
    for (const { step, number } of this.rows) this.paintStep(context, step, number, x, y);
    if (this.chosen >= 0) this.paintStep(context, this.steps[this.chosen], this.chosen, x, y);
    this.paintLegend(context, right, bottom);
  }

  paintRoof(context, range, x, y, machine) {
    const ridge = machine.flops / machine.bandwidth;
    context.strokeStyle = tn.color('text');
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(
      x(Math.max(range.x0, range.y0 / machine.bandwidth)),
      y(Math.max(range.x0 * machine.bandwidth, range.y0))
    );
    context.lineTo(x(ridge), y(machine.flops));
    context.lineTo(x(range.x1), y(machine.flops));
    context.stroke();
    context.lineWidth = 1;
    context.fillStyle = tn.color('text');
    context.fillText(
      `This machine: ${tn.count(machine.flops)}FLOP/s, ${machine.isa}, ${tn.plural(machine.threads, 'thread')}; ` +
        `memory ${tn.count(machine.bandwidth)}B/s`,
      range.left + 10,
      range.top + 8
    );
  }

  /// Area by share of the time.
  paintStep(context, step, number, x, y) {
    if (!(step.flops > 0 && step.seconds > 0)) return;
    const px = x(step.flops / Math.max(1, step.bytes)),
      py = y(step.flops / step.seconds),
      radius = this.radius(step);
    context.beginPath();
    context.arc(px, py, radius, 0, 2 * Math.PI);
    context.fillStyle = tn.templateColor(step.template);
    context.globalAlpha = number === this.chosen ? 1 : 0.55;
    context.fill();
    context.globalAlpha = 1;
    if (number !== this.chosen && number !== this.culprit) return;
    context.strokeStyle = number === this.culprit ? tn.color('bad') : tn.color('accent');
    context.lineWidth = 3;
    context.stroke();
    context.lineWidth = 1;
  }

  radius(step) {
    return 3.5 + 26 * Math.sqrt(step.seconds / this.total);
  }

  paintLegend(context, right, bottom) {
    const names = [...new Set(this.steps.map(step => step.template))];
    names.forEach((name, i) => {
      const y = bottom - 12 - 17 * (names.length - 1 - i);
      context.fillStyle = tn.templateColor(name);
      context.beginPath();
      context.arc(right - 96, y, 5, 0, 2 * Math.PI);
      context.fill();
      context.fillStyle = tn.color('muted');
      context.fillText(name, right - 86, y);
    });
  }

  hit([px, py]) {
    let best = -1,
      least = Infinity;
    this.steps.forEach((step, number) => {
      if (!(step.flops > 0 && step.seconds > 0)) return;
      const distance =
        Math.hypot(px - this.toX(step.flops / Math.max(1, step.bytes)), py - this.toY(step.flops / step.seconds)) -
        this.radius(step);
      if (distance < 4 && distance < least) {
        least = distance;
        best = number;
      }
    });
    return best;
  }

  listen() {
    const { canvas } = this.picture;
    canvas.addEventListener('pointermove', event => {
      const found = this.hit(this.picture.point(event)),
        step = this.steps[found];
      canvas.style.cursor = step ? 'pointer' : '';
      tn.tip(
        step
          ? [
              tn.kernelLabel(found),
              this.nodesText(step),
              `${tn.time(step.seconds)}, ${Math.round((100 * tn.bestTime(step, this.machine)) / step.seconds)} % of the roofline`,
              `${(step.flops / step.seconds / 1e9).toFixed(1)} GFLOP/s, ${(step.bytes / step.seconds / 1e9).toFixed(1)} GB/s`
            ]
          : null,
        event.clientX,
        event.clientY
      );
    });
    canvas.addEventListener('pointerleave', () => tn.tip(null));
    canvas.addEventListener('click', event => {
      const found = this.hit(this.picture.point(event));
      if (found >= 0) this.choose(found, true);
    });
  }
}

/// Where a kernel stands in the last program, as the value of a #diff link.
tn.kernelLine = number => {
  const last = tn.data('snapshots').snapshots.length - 1;
  const kernels = Array.from(tn.snapshot(last)).filter(line => /^\s*(%\S+ = )?tn\.kernel\b/.test(tn.line(line)));
  return number < kernels.length ? `${last},${last},${kernels[number]}` : `${last},${last}`;
};

tn.views.kernels = {
  title: 'Kernels',
  keys: ['kernel'],
  show(main, key, value) {
    if (tn.data('kernels').steps) return new KernelsView(main, value);
    main.append(
      tn.el(
        'div',
        { class: 'scroll page' },
        tn.el('h1', {}, 'Kernels'),
        tn.el('p', { class: 'muted' }, 'The compilation did not come as far as kernels.')
      )
    );
  }
};
