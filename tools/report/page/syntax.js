// The colours of MLIR's text.
tn.tokens = new RegExp([
  '(?<comment>//.*)',
  '(?<string>"(?:[^"\\\\]|\\\\.)*"?)',
  '(?<value>%[\\w.$-]+(?:[#:]\\d+)?)',
  '(?<symbol>[@^#][\\w.$-]+)',
  '(?<type>(?:tensor|memref|vector)<(?:[^<>]|<[^<>]*>)*>|\\b(?:[sui]{0,2}i\\d+|bf16|f16|f32|f64|index)\\b)',
  '(?<op>\\b(?:tn|func|builtin)\\.[\\w.]+|\\b(?:return|module)\\b)',
  '(?<attribute>\\b[A-Za-z_][\\w.]*(?= =))',
  '(?<number>-?\\b\\d+(?:\\.\\d+)?(?:[eE][-+]?\\d+)?\\b)',
  '(?<word>\\b[A-Za-z_][\\w.]*)',
].join('|'), 'g');

/// The line with colours; what lies in [mark[0], mark[1]) stands out.
tn.highlight = (text, mark) => {
  const result = document.createDocumentFragment();
  const put = (begin, end, kind) => {
    if (begin >= end) return;
    const part = text.slice(begin, end);
    result.append(kind ? tn.el('span', { class: kind }, part) : part);
  };
  const split = (begin, end, kind) => {
    const [from, to] = mark || [0, 0];
    const a = Math.min(Math.max(begin, from), end), b = Math.max(Math.min(end, to), a);
    put(begin, a, kind);
    put(a, b, (kind ? kind + ' ' : '') + 'mark');
    put(b, end, kind);
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

/// Where two versions of a line differ: a range of each.
tn.difference = (a, b) => {
  const aIndent = a.search(/\S|$/), bIndent = b.search(/\S|$/), most = Math.min(a.length - aIndent, b.length - bIndent);
  let begin = 0, end = 0;
  while (begin < most && a[aIndent + begin] === b[bIndent + begin]) ++begin;
  while (end < most - begin && a[a.length - 1 - end] === b[b.length - 1 - end]) ++end;
  // Where next to nothing is common, marks would only be noise.
  if (begin + end < 0.3 * most) return [null, null];
  return [[aIndent + begin, a.length - end], [bIndent + begin, b.length - end]];
};
