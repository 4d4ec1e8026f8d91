// The graph as a tree of groups: scopes of ONNX names, or kernels.

class GraphNode {
  constructor(label, parent) {
    Object.assign(this, {
      label,
      parent,
      children: [],
      byLabel: new Map(),
      vertex: -1,
      count: 0,
      order: Infinity,
      expanded: false,
      edges: []
    });
  }
  get isGroup() {
    return this.vertex < 0;
  }
  get path() {
    return this.parent && this.parent.parent ? this.parent.path + '/' + this.label : this.label;
  }
  child(label) {
    let found = this.byLabel.get(label);
    if (!found) {
      found = new GraphNode(label, this);
      this.byLabel.set(label, found);
      this.children.push(found);
    }
    return found;
  }
  leaf(label, vertex) {
    const made = new GraphNode(label, this);
    Object.assign(made, { vertex, order: vertex, count: 1 });
    this.children.push(made);
    return made;
  }
}

tn.vertexName = vertex => tn.nodeName(tn.data('graph').vertices[vertex][1]);
tn.vertexKind = vertex => {
  const graph = tn.data('graph');
  return graph.kinds[graph.vertices[vertex][0]];
};
tn.vertexType = vertex => {
  const graph = tn.data('graph');
  return graph.types[graph.vertices[vertex][3]];
};

/// Names of scopes: "/encoder/layer.0/MatMul", or "encoder.layer.0.weight" where no name has a slash.
tn.scopeOf = name => {
  if (tn.slashes === undefined) tn.slashes = tn.data('graph').vertices.some((_, i) => tn.vertexName(i).includes('/'));
  return name.split(tn.slashes ? '/' : '.').filter(Boolean);
};

tn.kernelLabel = number => {
  const steps = tn.data('kernels').steps;
  return steps && steps[number] ? `step ${number} \u00b7 ${steps[number].kernel}` : `kernel ${number}`;
};

/// Children in program order, counts, and groups of one child taken together.
tn.finishTree = node => {
  node.byLabel = null;
  for (let i = 0; i < node.children.length; ++i) {
    let child = node.children[i];
    if (child.isGroup) {
      while (child.children.length === 1 && child.children[0].isGroup) {
        const only = child.children[0];
        only.label = child.label + '/' + only.label;
        only.parent = node;
        child = only;
      }
      node.children[i] = child;
      tn.finishTree(child);
    }
    node.count += child.count;
    node.order = Math.min(node.order, child.order);
  }
  node.children.sort((a, b) => a.order - b.order);
  node.children.forEach((child, i) => {
    child.index = i;
  });
};

/// The tree, and of each vertex its leaf. An edge belongs to the innermost group that has both ends.
tn.graphTree = mode => {
  const graph = tn.data('graph'),
    root = new GraphNode('', null),
    leaves = [];
  (graph.vertices || []).forEach((vertex, i) => {
    const name = tn.vertexName(i),
      kind = tn.vertexKind(i);
    const isEnd = kind === 'input' || kind === 'output';
    const scope = isEnd ? [name] : tn.scopeOf(name);
    let group = root;
    if (mode === 'kernels') group = !isEnd && vertex[2] >= 0 ? root.child(tn.kernelLabel(vertex[2])) : root;
    else for (const part of scope.slice(0, -1)) group = group.child(part);
    leaves.push(group.leaf(scope[scope.length - 1] || kind, i));
    if (mode === 'kernels' && group !== root) group.kernel = vertex[2];
  });
  tn.finishTree(root);
  root.expanded = true;
  const seen = new Set();
  for (let i = 0; i + 1 < (graph.edges || []).length; i += 2) {
    const from = tn.ancestors(leaves[graph.edges[i]]),
      to = tn.ancestors(leaves[graph.edges[i + 1]]);
    let depth = 0;
    while (from[depth] === to[depth]) ++depth;
    const group = from[depth - 1],
      key = `${from[depth].order},${to[depth].order},${depth}`;
    if (seen.has(key)) continue;
    seen.add(key);
    group.edges.push([from[depth].index, to[depth].index]);
  }
  tn.expandSome(root, 60);
  return { root, leaves };
};

/// From the root down to a node.
tn.ancestors = node => {
  const path = [];
  for (; node; node = node.parent) path.push(node);
  return path.reverse();
};

/// Expands groups level by level as long as few boxes are in sight.
tn.expandSome = (root, most) => {
  let shown = root.children.length,
    level = [root];
  while (level.length) {
    const next = level.flatMap(node => node.children.filter(child => child.isGroup && child.children.length));
    for (const group of next) {
      if (shown + group.children.length - 1 > most) return;
      group.expanded = true;
      shown += group.children.length - 1;
    }
    level = next;
  }
};

/// Sizes and places of everything in a group, from the inside out; only what has changed is laid out again.
tn.arrange = node => {
  if (node.isGroup && node.expanded) {
    if (node.arranged) return;
    node.children.forEach(tn.arrange);
    const { width, height, routes } = tn.layout(node.children, node.edges);
    const isRoot = !node.parent,
      edge = isRoot ? 0 : 16,
      head = isRoot ? 0 : 30;
    for (const child of node.children) {
      child.x += edge;
      child.y += head;
    }
    node.routes = routes.map(points => {
      points = points.map(([x, y]) => [x + edge, y + head]);
      const xs = points.map(point => point[0]),
        ys = points.map(point => point[1]);
      return { points, box: [Math.min(...xs) - 40, Math.min(...ys), Math.max(...xs), Math.max(...ys)] };
    });
    node.w = Math.max(width + 2 * edge, isRoot ? 0 : node.label.length * 7 + 60);
    node.h = height + head + edge;
    node.arranged = true;
    return;
  }
  const text = node.isGroup ? node.label : tn.shorten(node.label, 30);
  node.w = Math.min(300, Math.max(96, Math.min(34, text.length) * 7.2 + 28));
  node.h = node.isGroup ? 44 : 40;
};

/// After a group was opened or closed.
tn.disturb = node => {
  for (; node; node = node.parent) node.arranged = false;
};
