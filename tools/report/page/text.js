// Programs as numbers of lines, and what two of them have in common.

/// The lines of a snapshot, as numbers in the table.
tn.snapshot = index => {
  const all = tn.data('snapshots');
  const snapshot = all.snapshots[index];
  if (!snapshot.list) {
    snapshot.list = new Int32Array(snapshot.count);
    let at = 0;
    for (let i = 0; i < snapshot.runs.length; i += 2)
      for (let k = 0; k < snapshot.runs[i + 1]; ++k) snapshot.list[at++] = snapshot.runs[i] + k;
  }
  return snapshot.list;
};
tn.line = number => tn.data('snapshots').lines[number];
tn.lineNodes = number => {
  const nodes = tn.data('snapshots').nodes[number];
  return Array.isArray(nodes) ? nodes : nodes < 0 ? [] : [nodes];
};

/// The longest increasing subsequence of pairs [i, j] that are sorted by i: those kept.
tn.increasing = pairs => {
  const ends = [],
    previous = new Int32Array(pairs.length);
  pairs.forEach(([, j], n) => {
    let low = 0,
      high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[ends[middle]][1] < j) low = middle + 1;
      else high = middle;
    }
    previous[n] = low ? ends[low - 1] : -1;
    ends[low] = n;
  });
  const kept = [];
  for (let n = ends.length ? ends[ends.length - 1] : -1; n >= 0; n = previous[n]) kept.push(pairs[n]);
  return kept.reverse();
};

/// Longest common subsequence of short stretches, by the table of lengths.
tn.common = (a, aBegin, aEnd, b, bBegin, bEnd, add) => {
  const n = aEnd - aBegin,
    m = bEnd - bBegin,
    width = m + 1;
  const length = new Uint16Array((n + 1) * width);
  for (let i = n - 1; i >= 0; --i)
    for (let j = m - 1; j >= 0; --j)
      length[i * width + j] =
        a[aBegin + i] === b[bBegin + j]
          ? length[(i + 1) * width + j + 1] + 1
          : Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
  for (let i = 0, j = 0; i < n && j < m;)
    if (a[aBegin + i] === b[bBegin + j]) add(aBegin + i++, bBegin + j++);
    else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) ++i;
    else ++j;
};

/// Pairs of equal elements of two lists, in order: those that occur once in both are the frame (patience diff),
/// neighbours of equal ones join, and what lies between is compared element by element where that is cheap.
tn.align = (a, b) => {
  const once = list => {
    const at = new Map();
    list.forEach((value, i) => at.set(value, at.has(value) ? -1 : i));
    return at;
  };
  let begin = 0,
    tail = 0;
  const least = Math.min(a.length, b.length);
  while (begin < least && a[begin] === b[begin]) ++begin;
  while (tail < least - begin && a[a.length - 1 - tail] === b[b.length - 1 - tail]) ++tail;
  const aMiddle = a.slice(begin, a.length - tail),
    bMiddle = b.slice(begin, b.length - tail);
  const inA = once(aMiddle),
    inB = once(bMiddle),
    frame = [];
  for (const [value, i] of inA) {
    const j = inB.get(value);
    if (i >= 0 && j >= 0 && j !== undefined) frame.push([begin + i, begin + j]);
  }
  frame.sort((x, y) => x[0] - y[0]);
  const pairs = [];
  for (let i = 0; i < begin; ++i) pairs.push([i, i]);
  let aAt = begin,
    bAt = begin;
  const close = (aEnd, bEnd) => {
    while (aAt < aEnd && bAt < bEnd && a[aAt] === b[bAt]) pairs.push([aAt++, bAt++]);
    let back = 0;
    while (aAt < aEnd - back && bAt < bEnd - back && a[aEnd - 1 - back] === b[bEnd - 1 - back]) ++back;
    if ((aEnd - back - aAt) * (bEnd - back - bAt) <= 250000)
      tn.common(a, aAt, aEnd - back, b, bAt, bEnd - back, (i, j) => pairs.push([i, j]));
    for (; back > 0; --back) pairs.push([aEnd - back, bEnd - back]);
  };
  for (const [i, j] of tn.increasing(frame)) {
    close(i, j);
    pairs.push([i, j]);
    aAt = i + 1;
    bAt = j + 1;
  }
  close(a.length - tail, b.length - tail);
  for (let i = tail; i > 0; --i) pairs.push([a.length - i, b.length - i]);
  return pairs;
};

/// What lines may have in common, most first: all but the indentation, as they may have moved into a kernel; what they
/// define, or do.
tn.likeness = [
  number => tn.line(number).trim(),
  number => {
    const text = tn.line(number).trim();
    return (/^%[\w.$-]+/.exec(text) || [text.slice(0, 24)])[0];
  }
];

/// The rows of a side-by-side comparison: [line or -1, line or -1, kind], where kind is "same", "change", "delete" or
/// "insert" and lines are positions in the two lists. Between lines that are alike those are looked for that are less so.
tn.compare = (a, b) => {
  const rows = [];
  const numbers = new Map();
  const numberOf = value => {
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return numbers.get(value);
  };
  const between = (level, aBegin, aEnd, bBegin, bEnd) => {
    let i = aBegin;
    let j = bBegin;
    if (level < tn.likeness.length && i < aEnd && j < bEnd) {
      const keys = list => list.map(line => numberOf(tn.likeness[level](line)));
      for (const [x, y] of tn.align(keys(a.slice(aBegin, aEnd)), keys(b.slice(bBegin, bEnd)))) {
        between(level + 1, i, aBegin + x, j, bBegin + y);
        rows.push([aBegin + x, bBegin + y, level === 0 ? 'same' : 'change']);
        i = aBegin + x + 1;
        j = bBegin + y + 1;
      }
      return between(level + 1, i, aEnd, j, bEnd);
    }
    while (i < aEnd) rows.push([i++, -1, 'delete']);
    while (j < bEnd) rows.push([-1, j++, 'insert']);
  };
  between(0, 0, a.length, 0, b.length);
  return rows;
};
