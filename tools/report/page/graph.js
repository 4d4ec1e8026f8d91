// The imported graph as a picture.

tn.kindColor = kind => {
  if (kind === 'input' || kind === 'output') return tn.color('muted');
  if (/^(contract|conv)/.test(kind)) return tn.color('hue0');
  if (/^winograd/.test(kind)) return tn.color('hue1');
  if (/^(softmax|normalize|reduce|window)/.test(kind)) return tn.color('hue4');
  if (/^lstm/.test(kind)) return tn.color('hue3');
  if (/^(reshape|transpose|broadcast|slice|concat|pad|iota|pack|unpack|gather)/.test(kind)) return tn.color('hue6');
  return tn.color('hue5');
};

class GraphView {
  constructor(main, wanted) {
    this.box = tn.el('div', { class: 'graph-box' });
    this.side = tn.el('aside', { class: 'side', hidden: true });
    const mode = (name, title) => tn.el('button', { 'data-mode': name, onclick: () => this.setMode(name) }, title);
    main.append(
      tn.el(
        'div',
        { class: 'graph' },
        tn.el(
          'div',
          { class: 'toolbar' },
          tn.el(
            'span',
            { class: 'segmented', id: 'graph-mode' },
            mode('scopes', 'Name scopes'),
            mode('kernels', 'Kernels')
          ),
          tn.el('button', { onclick: () => this.expandAll(true) }, 'Expand all'),
          tn.el('button', { onclick: () => this.expandAll(false) }, 'Collapse all'),
          tn.el('button', { onclick: () => this.fit() }, 'Fit'),
          tn.el('span', { class: 'muted' }, 'wheel: zoom, drag: move, double click: open or close a group')
        ),
        tn.el('div', { class: 'graph-row' }, this.box, this.side)
      )
    );
    this.culprits = tn.culprits();
    this.picture = new Picture(this.box, (context, width, height) => this.paint(context, width, height));
    this.listen(this.picture.canvas);
    this.trees = {};
    this.edges = tn.data('graph').edges || [];
    this.setMode('scopes', true);
    const culprit = [...this.culprits][0];
    requestAnimationFrame(() => {
      this.picture.resize();
      if (!this.focusName(wanted !== undefined ? wanted : culprit)) this.fit();
    });
  }

  setMode(mode, quiet) {
    this.mode = mode;
    this.tree = this.trees[mode] ||= tn.graphTree(mode);
    this.selected = null;
    this.side.hidden = true;
    for (const button of document.querySelectorAll('#graph-mode button'))
      button.classList.toggle('on', button.dataset.mode === mode);
    tn.arrange(this.tree.root);
    if (!quiet) this.fit();
  }

  expandAll(open) {
    const visit = node => {
      if (node.isGroup && node.parent) {
        node.expanded = open;
        node.arranged = false;
      }
      node.children.forEach(visit);
    };
    visit(this.tree.root);
    this.tree.root.arranged = false;
    tn.arrange(this.tree.root);
    this.fit();
  }

  /// All of it, unless it would be too small to read: then its top.
  fit() {
    const { w, h } = this.tree.root,
      { width, height } = this.picture;
    if (!width) return;
    const whole = Math.min((width - 60) / Math.max(1, w), (height - 60) / Math.max(1, h)),
      least = 0.55;
    this.scale = whole >= least ? Math.min(1.2, whole) : 0.85;
    this.x = w * this.scale < width ? (width - w * this.scale) / 2 : 30;
    this.y = h * this.scale < height ? (height - h * this.scale) / 2 : 30;
    if (whole < least && w * this.scale > width) {
      // where the first box is
      const first = this.tree.root.children[0];
      if (first) this.x = width / 2 - (first.x + first.w / 2) * this.scale;
    }
    this.picture.schedule();
  }

  placeOf(node) {
    let x = 0,
      y = 0;
    for (let at = node; at.parent; at = at.parent) {
      x += at.x;
      y += at.y;
    }
    return [x, y];
  }

  /// Opens the groups around a node and shows it.
  focusName(name) {
    if (name === undefined) return false;
    const leaf = this.tree.leaves.find(node => tn.vertexName(node.vertex) === name);
    if (!leaf) return false;
    for (const group of tn.ancestors(leaf).slice(0, -1))
      if (!group.expanded) {
        group.expanded = true;
        tn.disturb(group);
      }
    tn.arrange(this.tree.root);
    this.focus(leaf);
    return true;
  }

  focus(node) {
    const [x, y] = this.placeOf(node);
    this.scale = Math.max(0.8, Math.min(1.1, this.scale || 1));
    this.x = this.picture.width / 2 - (x + node.w / 2) * this.scale;
    this.y = this.picture.height / 2 - (y + node.h / 2) * this.scale;
    this.select(node);
  }

  toggle(node, event) {
    if (!node || !node.isGroup || !node.parent) return;
    const [beforeX, beforeY] = this.placeOf(node);
    node.expanded = !node.expanded;
    tn.disturb(node);
    tn.arrange(this.tree.root);
    const [x, y] = this.placeOf(node); // it stays where it is
    this.x += (beforeX - x) * this.scale;
    this.y += (beforeY - y) * this.scale;
    this.select(node);
  }

  hit(point, node = this.tree.root, left = 0, top = 0) {
    const x = (point[0] - this.x) / this.scale,
      y = (point[1] - this.y) / this.scale;
    for (const child of node.children) {
      const cx = left + child.x,
        cy = top + child.y;
      if (x < cx || y < cy || x > cx + child.w || y > cy + child.h) continue;
      return (child.isGroup && child.expanded && this.hit(point, child, cx, cy)) || child;
    }
    return null;
  }

  listen(canvas) {
    let drag = null;
    canvas.addEventListener('pointerdown', event => {
      drag = { x: event.clientX - this.x, y: event.clientY - this.y, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', event => {
      if (drag) {
        const x = event.clientX - drag.x,
          y = event.clientY - drag.y;
        drag.moved ||= Math.abs(x - this.x) + Math.abs(y - this.y) > 3;
        this.x = x;
        this.y = y;
        tn.tip(null);
        return this.picture.schedule();
      }
      const node = this.hit(this.picture.point(event));
      canvas.style.cursor = node ? 'pointer' : 'grab';
      tn.tip(node ? this.describe(node) : null, event.clientX, event.clientY);
    });
    canvas.addEventListener('pointerup', event => {
      if (drag && !drag.moved) this.select(this.hit(this.picture.point(event)));
      drag = null;
    });
    canvas.addEventListener('pointerleave', () => tn.tip(null));
    canvas.addEventListener('dblclick', event => this.toggle(this.hit(this.picture.point(event)), event));
    canvas.addEventListener(
      'wheel',
      event => {
        event.preventDefault();
        const [x, y] = this.picture.point(event);
        const scale = Math.min(
          3,
          Math.max(0.01, this.scale * Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)))
        );
        this.x = x - ((x - this.x) * scale) / this.scale;
        this.y = y - ((y - this.y) * scale) / this.scale;
        this.scale = scale;
        this.picture.schedule();
      },
      { passive: false }
    );
  }

  describe(node) {
    if (node.isGroup)
      return [
        node.path,
        `${tn.plural(node.count, 'operation')}; double click ${node.expanded ? 'closes' : 'opens'} it`
      ];
    const kernel = tn.data('graph').vertices[node.vertex][2];
    return [
      tn.vertexName(node.vertex) || tn.vertexKind(node.vertex),
      `${tn.vertexKind(node.vertex)}  ${tn.vertexType(node.vertex)}`,
      kernel >= 0 ? tn.kernelLabel(kernel) : ''
    ];
  }

  // ---- Drawing ----

  paint(context, width, height) {
    if (this.scale === undefined) return;
    this.view = [
      -this.x / this.scale,
      -this.y / this.scale,
      (width - this.x) / this.scale,
      (height - this.y) / this.scale
    ];
    context.save();
    context.translate(this.x, this.y);
    context.scale(this.scale, this.scale);
    this.paintGroup(context, this.tree.root, 0, 0);
    if (this.selected && !this.selected.isGroup) this.paintNeighbours(context);
    context.restore();
  }

  paintGroup(context, group, left, top) {
    const [x0, y0, x1, y1] = this.view;
    context.beginPath();
    for (const { points, box } of group.routes) {
      if (box[2] + left < x0 || box[0] + left > x1 || box[3] + top < y0 || box[1] + top > y1) continue;
      this.trace(context, points, left, top);
    }
    context.strokeStyle = tn.color('edge');
    context.lineWidth = Math.max(1.2, 0.7 / this.scale);
    context.stroke();
    if (this.scale > 0.35) this.paintHeads(context, group, left, top);
    for (const child of group.children) {
      const x = left + child.x,
        y = top + child.y;
      if (x > x1 || y > y1 || x + child.w < x0 || y + child.h < y0) continue;
      this.paintBox(context, child, x, y);
      if (child.isGroup && child.expanded) this.paintGroup(context, child, x, y);
    }
  }

  trace(context, points, left, top) {
    context.moveTo(points[0][0] + left, points[0][1] + top);
    for (let i = 1; i < points.length; ++i) {
      const [x0, y0] = points[i - 1],
        [x, y] = points[i];
      if (y < y0)
        // an edge that leads back
        context.bezierCurveTo(x0 + left - 40, y0 + top, x + left - 40, y + top, x + left, y + top);
      else if (x === x0 || this.scale < 0.15) context.lineTo(x + left, y + top);
      else context.bezierCurveTo(x0 + left, (y0 + y) / 2 + top, x + left, (y0 + y) / 2 + top, x + left, y + top);
    }
  }

  paintHeads(context, group, left, top) {
    const [x0, y0, x1, y1] = this.view;
    context.beginPath();
    for (const { points } of group.routes) {
      const [x, y] = points[points.length - 1],
        px = x + left,
        py = y + top;
      if (px < x0 || py < y0 || px > x1 || py > y1) continue;
      context.moveTo(px, py);
      context.lineTo(px - 4, py - 7);
      context.lineTo(px + 4, py - 7);
    }
    context.fillStyle = tn.color('edge');
    context.fill();
  }

  isCulprit(node) {
    if (!this.culprits.size) return false;
    if (node.hasCulprit === undefined)
      node.hasCulprit = node.isGroup
        ? node.children.some(child => this.isCulprit(child))
        : this.culprits.has(tn.vertexName(node.vertex));
    return node.hasCulprit;
  }

  paintBox(context, node, x, y) {
    const color = node.isGroup ? tn.color('muted') : tn.kindColor(tn.vertexKind(node.vertex));
    const open = node.isGroup && node.expanded,
      bad = this.isCulprit(node);
    if (this.scale < 0.12 && !open) {
      // a mark is all that there is room for
      context.fillStyle = bad ? tn.color('bad') : color;
      return context.fillRect(x, y, node.w, node.h);
    }
    context.beginPath();
    context.roundRect(x, y, node.w, node.h, open ? 10 : 7);
    context.fillStyle = tn.color(open ? 'group' : 'panel');
    context.fill();
    context.lineWidth = node === this.selected || (bad && !open) ? 2.5 : 1.2;
    context.strokeStyle =
      node === this.selected
        ? tn.color('accent')
        : bad
          ? tn.color('bad')
          : tn.color(node.isGroup ? 'line-strong' : 'edge');
    context.stroke();
    if (!node.isGroup) {
      context.fillStyle = bad ? tn.color('bad') : color;
      context.fillRect(x + 1, y + 7, 4, node.h - 14);
    }
    if (this.scale < 0.3 && !open) return;
    this.paintText(context, node, x, y, open, color);
  }

  paintText(context, node, x, y, open, color) {
    context.textBaseline = 'middle';
    if (open) {
      context.font = '600 12px ' + tn.color('sans');
      context.fillStyle = tn.color('muted');
      return context.fillText(tn.shorten(node.label, Math.floor(node.w / 7.5)), x + 12, y + 15);
    }
    context.font = (node.isGroup ? '600 ' : '') + '12px ' + tn.color('sans');
    context.fillStyle = tn.color('text');
    const most = Math.floor((node.w - 22) / 6.6);
    context.fillText(tn.shorten(node.label, most), x + 13, y + (node.h / 2 - 8));
    context.font = '10.5px ' + tn.color('sans');
    context.fillStyle = node.isGroup ? tn.color('muted') : color;
    const detail = node.isGroup ? tn.plural(node.count, 'operation') : tn.vertexKind(node.vertex);
    context.fillText(detail, x + 13, y + node.h / 2 + 8);
  }

  /// What is in sight of a vertex: its box, or the closed group around it.
  visible(vertex) {
    const path = tn.ancestors(this.tree.leaves[vertex]);
    return path.find((node, i) => i > 0 && node.isGroup && !node.expanded) || path[path.length - 1];
  }

  paintNeighbours(context) {
    const me = this.selected,
      [x, y] = this.placeOf(me);
    context.beginPath();
    for (let i = 0; i + 1 < this.edges.length; i += 2) {
      const isProducer = this.edges[i + 1] === me.vertex,
        isReader = this.edges[i] === me.vertex;
      if (!isProducer && !isReader) continue;
      const other = this.visible(this.edges[isReader ? i + 1 : i]),
        [ox, oy] = this.placeOf(other);
      const from = isReader ? [x + me.w / 2, y + me.h] : [ox + other.w / 2, oy + other.h];
      const to = isReader ? [ox + other.w / 2, oy] : [x + me.w / 2, y];
      this.trace(context, [from, to], 0, 0);
    }
    context.strokeStyle = tn.color('accent');
    context.lineWidth = 2;
    context.stroke();
  }

  // ---- The panel beside it ----

  select(node) {
    this.selected = node;
    this.side.hidden = !node;
    this.picture.schedule();
    if (!node) return;
    tn.clear(this.side).append(
      tn.el('button', { class: 'close', title: 'close', onclick: () => this.select(null) }, '\u00d7'),
      ...(node.isGroup ? this.groupPanel(node) : this.vertexPanel(node))
    );
  }
}

tn.views.graph = {
  title: 'Graph',
  keys: ['node'],
  show: (main, key, value) => new GraphView(main, value)
};
