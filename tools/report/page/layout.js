// Layered layout: boxes in rows, edges downwards. Time is linear in boxes and edges, up to the sorting of rows.

/// Edges longer than this many rows go straight, and so do those beyond a number that grows with the graph.
tn.longestRoute = 48;

/// Rows by the longest path from the top. Boxes come in an order in which most edges lead forward; others are left out.
tn.rankBoxes = (count, forward) => {
  const rank = new Int32Array(count),
    before = new Uint8Array(count),
    after = Array.from({ length: count }, () => []);
  for (const [from, to] of forward) {
    after[from].push(to);
    before[to] = 1;
  }
  for (let i = 0; i < count; ++i) for (const to of after[i]) rank[to] = Math.max(rank[to], rank[i] + 1);
  for (let i = count - 1; i >= 0; --i)
    // what has no producer stands right above its first reader
    if (!before[i] && after[i].length)
      rank[i] = Math.max(0, Math.min(...after[i].slice(0, 1000).map(to => rank[to])) - 1);
  let last = -1;
  const alone = [];
  for (let i = 0; i < count; ++i)
    if (before[i] || after[i].length) last = Math.max(last, rank[i]);
    else alone.push(i);
  const perRow = Math.max(4, Math.ceil(Math.sqrt(alone.length / 2)));
  alone.forEach((i, n) => {
    rank[i] = last + 1 + Math.floor(n / perRow);
  });
  return rank;
};

/// Points at which long edges cross rows are items of those rows, numbered after the boxes.
tn.makeRows = (boxes, forward, rank) => {
  const rows = [],
    widths = boxes.map(box => box.w),
    up = boxes.map(() => []),
    down = boxes.map(() => []);
  const put = (item, row) => {
    (rows[row] ||= []).push(item);
  };
  boxes.forEach((box, i) => put(i, rank[i]));
  let budget = 3 * boxes.length + 4000;
  const routes = forward.map(([from, to]) => {
    const span = rank[to] - rank[from],
      route = [from];
    if (span <= tn.longestRoute && (budget -= span - 1) > 0)
      for (let row = rank[from] + 1; row < rank[to]; ++row) {
        const item = widths.length;
        widths.push(10);
        up.push([]);
        down.push([]);
        put(item, row);
        route.push(item);
      }
    route.push(to);
    for (let i = 1; i < route.length; ++i) {
      down[route[i - 1]].push(route[i]);
      up[route[i]].push(route[i - 1]);
    }
    return route;
  });
  for (let row = 0; row < rows.length; ++row) rows[row] ||= [];
  return { rows, widths, up, down, routes };
};

/// Sorts rows so that items stand near what they are connected with (barycentre heuristic).
tn.orderRows = ({ rows, widths, up, down }, sweeps = 4) => {
  const place = new Float64Array(widths.length),
    wish = new Float64Array(widths.length);
  const number = row =>
    row.forEach((item, i) => {
      place[item] = i / Math.max(1, row.length);
    });
  rows.forEach(number);
  const sort = (row, neighbours) => {
    for (const item of row) {
      const list = neighbours[item];
      let sum = 0;
      for (const other of list) sum += place[other];
      wish[item] = list.length ? sum / list.length : place[item];
    }
    row.sort((a, b) => wish[a] - wish[b] || place[a] - place[b]);
    number(row);
  };
  for (let sweep = 0; sweep < sweeps; ++sweep) {
    for (let i = 1; i < rows.length; ++i) sort(rows[i], up);
    for (let i = rows.length - 2; i >= 0; --i) sort(rows[i], down);
  }
};

/// Centres of items: as near to those of their neighbours as the order allows.
tn.placeRows = ({ rows, widths, up, down }, gap = 26, sweeps = 6) => {
  const x = new Float64Array(widths.length);
  for (const row of rows) {
    let total = -gap;
    for (const item of row) total += widths[item] + gap;
    let at = -total / 2;
    for (const item of row) {
      x[item] = at + widths[item] / 2;
      at += widths[item] + gap;
    }
  }
  const settle = (row, ...sides) => {
    const wish = row.map(item => {
      let sum = 0,
        count = 0;
      for (const side of sides)
        for (const other of side[item]) {
          sum += x[other];
          ++count;
        }
      return count ? sum / count : x[item];
    });
    const apart = i => (widths[row[i - 1]] + widths[row[i]]) / 2 + gap;
    const right = wish.slice(),
      left = wish.slice();
    for (let i = 1; i < row.length; ++i) right[i] = Math.max(right[i], right[i - 1] + apart(i));
    for (let i = row.length - 2; i >= 0; --i) left[i] = Math.min(left[i], left[i + 1] - apart(i + 1));
    row.forEach((item, i) => {
      x[item] = (left[i] + right[i]) / 2;
    });
  };
  for (let sweep = 0; sweep < sweeps; ++sweep) {
    for (let i = 1; i < rows.length; ++i) settle(rows[i], up);
    for (let i = rows.length - 2; i >= 0; --i) settle(rows[i], ...(sweep === sweeps - 1 ? [up, down] : [down]));
  }
  return x;
};

/// Gives boxes {w, h} a corner (x, y). Returns width and height of the whole and the edges as lists of points.
tn.layout = (boxes, edges, rowGap = 34) => {
  const forward = edges.filter(([from, to]) => from < to),
    backward = edges.filter(([from, to]) => from > to);
  const rank = tn.rankBoxes(boxes.length, forward);
  const graph = tn.makeRows(boxes, forward, rank);
  tn.orderRows(graph);
  const x = tn.placeRows(graph);
  const top = [],
    heights = graph.rows.map(row =>
      row.reduce((most, item) => Math.max(most, item < boxes.length ? boxes[item].h : 0), 12)
    );
  let height = -rowGap;
  heights.forEach((size, row) => {
    top[row] = height + rowGap;
    height = top[row] + size;
  });
  let low = Infinity,
    high = -Infinity;
  for (let item = 0; item < x.length; ++item) {
    low = Math.min(low, x[item] - graph.widths[item] / 2);
    high = Math.max(high, x[item] + graph.widths[item] / 2);
  }
  boxes.forEach((box, i) => {
    box.x = x[i] - box.w / 2 - low;
    box.y = top[rank[i]] + (heights[rank[i]] - box.h) / 2;
  });
  const centre = box => box.x + box.w / 2;
  const routes = graph.routes.map(route => {
    const from = boxes[route[0]],
      to = boxes[route[route.length - 1]],
      points = [[centre(from), from.y + from.h]];
    let row = rank[route[0]];
    for (const item of route.slice(1, -1)) {
      ++row;
      points.push([x[item] - low, top[row]], [x[item] - low, top[row] + heights[row]]);
    }
    points.push([centre(to), to.y]);
    return points;
  });
  for (const [from, to] of backward)
    // around the side
    routes.push([
      [boxes[from].x, boxes[from].y + boxes[from].h / 2],
      [boxes[to].x, boxes[to].y + boxes[to].h / 2]
    ]);
  return { width: boxes.length ? high - low : 0, height: Math.max(0, height), routes };
};
