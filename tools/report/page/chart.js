// What pictures on a canvas share.

/// A canvas that fills its box at the screen's resolution and is drawn when something has changed.
class Picture {
  constructor(box, draw) {
    this.box = box;
    this.draw = draw;
    this.canvas = tn.el('canvas');
    box.classList.add('picture');
    box.append(this.canvas);
    this.pending = false;
    new ResizeObserver(() => this.resize()).observe(box);
  }

  resize() {
    const ratio = devicePixelRatio || 1;
    this.width = this.box.clientWidth;
    this.height = this.box.clientHeight;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.paint();
  }

  schedule() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.paint();
    });
  }

  paint() {
    if (!this.width || !this.height) return;
    const context = this.canvas.getContext('2d'),
      ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.font = '12px ' + tn.color('sans');
    context.textBaseline = 'middle';
    this.draw(context, this.width, this.height);
  }

  /// Where an event is, in pixels of the picture.
  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}

/// Powers of ten in a range, and between them if they are few.
tn.logTicks = (low, high) => {
  const ticks = [];
  const span = Math.log10(high / low);
  const every = Math.max(1, Math.ceil(span / 7));
  for (let power = Math.ceil(Math.log10(low) - 1e-9); power <= Math.log10(high) + 1e-9; ++power)
    if (power % every === 0 || span < 7) ticks.push(10 ** power);
  return ticks;
};

/// About `wanted` round numbers from 0 on.
tn.linearTicks = (high, wanted) => {
  if (!(high > 0)) return [0];
  const rough = high / wanted,
    power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(size => size >= rough);
  const ticks = [];
  for (let value = 0; value <= high * 1.0001; value += step) ticks.push(value);
  return ticks;
};

tn.strokeLine = (context, x0, y0, x1, y1) => {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
};

/// Text that does not leave [0, width).
tn.fitText = (context, text, x, y, width) => {
  const size = context.measureText(text).width;
  context.fillText(text, Math.max(2, Math.min(x, width - size - 2)), y);
};
