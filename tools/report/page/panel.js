// What is chosen in the graph, in the panel beside it.

Object.assign(GraphView.prototype, {
  groupPanel(node) {
    const kinds = new Map();
    const visit = at =>
      at.isGroup
        ? at.children.forEach(visit)
        : kinds.set(tn.vertexKind(at.vertex), (kinds.get(tn.vertexKind(at.vertex)) || 0) + 1);
    visit(node);
    const sorted = [...kinds].sort((a, b) => b[1] - a[1]);
    return [
      tn.el('h3', {}, node.path),
      tn.el('button', { onclick: () => this.toggle(node) }, node.expanded ? 'Collapse' : 'Expand'),
      node.kernel !== undefined
        ? tn.el('p', {}, tn.anchor('time and cost of the kernel', 'kernel', node.kernel))
        : null,
      tn.el(
        'dl',
        {},
        sorted.flatMap(([kind, count]) => [tn.el('dt', {}, kind), tn.el('dd', {}, count)])
      )
    ].filter(Boolean);
  },

  vertexPanel(node) {
    const name = tn.vertexName(node.vertex),
      kernel = tn.data('graph').vertices[node.vertex][2];
    const ends = (mine, other) => {
      const found = [];
      for (let i = 0; i + 1 < this.edges.length; i += 2)
        if (this.edges[i + mine] === node.vertex) found.push(this.edges[i + other]);
      return found
        .slice(0, 12)
        .map(vertex =>
          tn.el(
            'div',
            {},
            tn.anchor(tn.shorten(tn.vertexName(vertex) || tn.vertexKind(vertex), 40), 'node', tn.vertexName(vertex))
          )
        );
    };
    const said = tn.remarksAbout(name);
    const line = tn.lastLineOf(name);
    return [
      tn.el('h3', {}, name || tn.vertexKind(node.vertex)),
      this.culprits.has(name) ? tn.el('p', { class: 'bad-text' }, 'This node is the culprit.') : null,
      tn.el(
        'dl',
        {},
        tn.el('dt', {}, 'operation'),
        tn.el('dd', {}, tn.vertexKind(node.vertex)),
        tn.el('dt', {}, 'type'),
        tn.el('dd', {}, tn.el('code', {}, tn.vertexType(node.vertex))),
        kernel >= 0
          ? [tn.el('dt', {}, 'kernel'), tn.el('dd', {}, tn.anchor(tn.kernelLabel(kernel), 'kernel', kernel))]
          : null,
        tn.el('dt', {}, 'reads'),
        tn.el('dd', {}, ends(1, 0)),
        tn.el('dt', {}, 'read by'),
        tn.el('dd', {}, ends(0, 1)),
        line ? [tn.el('dt', {}, 'text'), tn.el('dd', {}, tn.anchor('in the last program', 'diff', line))] : null
      ),
      said.length ? tn.el('h4', {}, 'Remarks') : null,
      ...said
        .slice(0, 6)
        .map(remark =>
          tn.el(
            'p',
            { class: 'remark-text' },
            tn.el('span', { class: 'chip ' + remark.kind }, remark.kind),
            ' ',
            remark.message
          )
        ),
      said.length > 6 ? tn.anchor(`all ${said.length}`, 'remarks', name) : null
    ].filter(Boolean);
  }
});

/// Where a node stands in the last program, as the value of a #diff link.
tn.lastLineOf = name => {
  const last = tn.data('snapshots').snapshots.length - 1;
  const id = tn.data('names').names.indexOf(name);
  const line = id < 0 ? undefined : tn.snapshot(last).find(number => tn.lineNodes(number).includes(id));
  return line === undefined ? null : `${last},${last},${line}`;
};
