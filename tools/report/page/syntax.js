// The colours of MLIR's text.
tn.tokens = new RegExp(
  [
    '(?<comment>//.*)',
    '(?<string>"(?:[^"\\\\]|\\\\.)*"?)',
    '(?<value>%[\\w.$-]+(?:[#:]\\d+)?)',
    '(?<symbol>[@^#][\\w.$-]+)',
    '(?<type>(?:tensor|memref|vector)<(?:[^<>]|<[^<>]*>)*>|\\b(?:[sui]{0,2}i\\d+|bf16|f16|f32|f64|index)\\b)',
    '(?<op>\\b(?:tn|func|builtin)\\.[\\w.]+|\\b(?:return|module)\\b)',
    '(?<attribute>\\b[A-Za-z_][\\w.]*(?= =))',
    '(?<number>-?\\b\\d+(?:\\.\\d+)?(?:[eE][-+]?\\d+)?\\b)',
    '(?<word>\\b[A-Za-z_][\\w.]*)'
  ].join('|'),
  'g'
);

/// The line with colours; what lies in one of the ranges of `marks` stands out.
tn.highlight = (text, marks) => {
  const result = document.createDocumentFragment();
  const put = (begin, end, kind) => {
    if (begin >= end) return;
    const part = text.slice(begin, end);
    result.append(kind ? tn.el('span', { class: kind }, part) : part);
  };
  const split = (begin, end, kind) => {
    for (const [from, to] of marks || []) {
      const a = Math.max(begin, from),
        b = Math.min(end, to);
      if (a >= b) continue;
      put(begin, a, kind);
      put(a, b, (kind ? kind + ' ' : '') + 'mark');
      begin = b;
    }
    put(begin, end, kind);
  };
  let last = 0;
  for (const match of text.matchAll(tn.tokens)) {
    const kind = Object.keys(match.groups).find(key => match.groups[key] !== undefined);
    split(last, match.index, '');
    split(match.index, match.index + match[0].length, kind === 'word' ? '' : 's-' + kind);
    last = match.index + match[0].length;
  }
  split(last, text.length, '');
  return result;
};

/// The words of a line and where they begin, without the indentation.
tn.words = text => [...text.matchAll(/[%@#^]?[\w.$-]+|[^\s\w]/g)].map(match => [match[0], match.index]);

/// Where two versions of a line differ: ranges of each. Where next to nothing is common, marks would only be noise.
tn.difference = (a, b) => {
  const aWords = tn.words(a),
    bWords = tn.words(b);
  if (aWords.length * bWords.length > 40000) return [null, null];
  const aKept = new Set(),
    bKept = new Set();
  const texts = words => words.map(word => word[0]);
  tn.common(texts(aWords), 0, aWords.length, texts(bWords), 0, bWords.length, (i, j) => {
    aKept.add(i);
    bKept.add(j);
  });
  if (aKept.size < 0.4 * Math.min(aWords.length, bWords.length)) return [null, null];
  const ranges = (words, kept) => {
    const list = [];
    words.forEach(([word, at], i) => {
      if (kept.has(i)) return;
      if (list.length && !kept.has(i - 1)) list[list.length - 1][1] = at + word.length;
      else list.push([at, at + word.length]);
    });
    return list;
  };
  return [ranges(aWords, aKept), ranges(bWords, bKept)];
};
