// The numeric trail: the error of every result after every pass, and of every kernel by itself.

tn.trailPasses = () => tn.report().passes.filter(pass => pass.changed);

/// Errors by pass. An error of zero is drawn at the bottom.
tn.trailChart = height => {
  const box = tn.el('div', { class: 'trail-box', style: { height: height + 'px' } });
  const passes = tn.trailPasses(),
    outputs = tn.report().outputs.slice(0, 12);
  const errors = passes
    .flatMap(pass => (pass.errors || []).map(tn.number))
    .filter(error => error > 0 && error < Infinity);
  const tolerances = outputs.map(output => tn.number(output.tolerance)).filter(value => value > 0 && value < Infinity);
  const all = errors.concat(tolerances, [1e-7]);
  const low = all.reduce((a, b) => Math.min(a, b)) / 3,
    high = all.reduce((a, b) => Math.max(a, b)) * 5;
  const state = {};
  const picture = new Picture(box, (context, width, heightNow) => {
    const left = 64,
      right = width - 20,
      top = 14,
      bottom = heightNow - 66;
    const x = i => left + ((i + 0.5) / passes.length) * (right - left);
    const y = error =>
      bottom - (Math.log(Math.min(high, Math.max(low, error)) / low) / Math.log(high / low)) * (bottom - top);
    Object.assign(state, { x, y, left, right });
    tn.paintTrailAxes(context, { left, right, top, bottom, low, high, x, y, passes });
    outputs.forEach((output, o) => tn.paintTrailLine(context, output, o, passes, x, y, { left, right }));
  });
  picture.canvas.addEventListener('pointermove', event => {
    const i = Math.floor(((picture.point(event)[0] - state.left) / (state.right - state.left)) * passes.length),
      pass = passes[i];
    tn.tip(
      pass
        ? [
            pass.name,
            ...outputs.map((output, o) =>
              pass.errors && pass.errors[o] !== undefined
                ? `${output.name}: ${tn.error(pass.errors[o])} of ${tn.error(output.tolerance)}`
                : ''
            ),
            pass.error === undefined ? 'not run' : ''
          ]
        : null,
      event.clientX,
      event.clientY
    );
  });
  picture.canvas.addEventListener('pointerleave', () => tn.tip(null));
  picture.canvas.addEventListener('click', event => {
    const pass =
      passes[Math.floor(((picture.point(event)[0] - state.left) / (state.right - state.left)) * passes.length)];
    if (pass) tn.go('pass', pass.name);
  });
  return box;
};

tn.paintTrailAxes = (context, { left, right, top, bottom, low, high, x, y, passes }) => {
  context.strokeStyle = tn.color('line');
  context.fillStyle = tn.color('muted');
  context.textAlign = 'right';
  for (const tick of tn.logTicks(low, high)) {
    tn.strokeLine(context, left, y(tick), right, y(tick));
    context.fillText(tick.toExponential(0), left - 8, y(tick));
  }
  const finding = tn.finding(),
    culprit = finding ? passes.findIndex(pass => pass.name === finding.where) : -1;
  if (culprit >= 0) {
    const half = (right - left) / passes.length / 2;
    context.fillStyle = tn.color('bad-soft');
    context.fillRect(x(culprit) - half, top - 8, 2 * half, bottom - top + 16);
    context.fillStyle = tn.color('bad');
    context.textAlign = 'center';
    context.fillText('culprit', x(culprit), top);
  }
  context.textAlign = 'center';
  passes.forEach((pass, i) => {
    context.fillStyle = i === culprit ? tn.color('bad') : tn.color('muted');
    const name = pass.name.replace(/^.*\d-/, '');
    context.save();
    context.translate(x(i), bottom + 12);
    if ((right - left) / passes.length < 96) {
      context.rotate(-0.42);
      context.textAlign = 'right';
    }
    context.fillText(tn.shorten(name, 20), 0, 0);
    context.restore();
  });
  context.textAlign = 'left';
};

tn.paintTrailLine = (context, output, o, passes, x, y, { left, right }) => {
  const color = tn.color('hue' + (o % 8)),
    allowed = tn.number(output.tolerance);
  if (allowed > 0 && allowed < Infinity) {
    context.strokeStyle = color;
    context.globalAlpha = 0.7;
    context.setLineDash([5, 4]);
    tn.strokeLine(context, left, y(allowed), right, y(allowed));
    context.setLineDash([]);
    context.globalAlpha = 1;
    if (o === 0) {
      context.fillStyle = tn.color('muted');
      context.textAlign = 'right';
      context.fillText('accepted', right - 4, y(allowed) - 9);
      context.textAlign = 'left';
    }
  }
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.beginPath();
  const points = passes
    .map((pass, i) =>
      pass.errors && pass.errors[o] !== undefined
        ? [x(i), y(tn.number(pass.errors[o])), tn.number(pass.errors[o])]
        : null
    )
    .filter(Boolean);
  points.forEach(([px, py], i) => (i ? context.lineTo(px, py) : context.moveTo(px, py)));
  context.stroke();
  context.lineWidth = 1;
  for (const [px, py, error] of points) {
    context.beginPath();
    context.arc(px, py, error > allowed ? 5 : 3.5, 0, 2 * Math.PI);
    context.fillStyle = error > allowed ? tn.color('bad') : color;
    context.fill();
  }
};

/// Kernels one by one: error as part of what is accepted.
tn.kernelErrorChart = () => {
  const { kernel_errors: kernels } = tn.report(),
    finding = tn.finding();
  const culprit = finding && finding.kernel ? finding.kernel.number : -1;
  const box = tn.el('div', { class: 'trail-box', style: { height: '170px' } });
  const ratio = kernel =>
    tn.number(kernel.error) === 0 ? 0 : tn.number(kernel.error) / Math.max(1e-30, tn.number(kernel.tolerance));
  const low = 1e-4,
    high = Math.max(30, Math.min(1e8, kernels.reduce((most, kernel) => Math.max(most, ratio(kernel)), 0) * 3));
  const at = { left: 64 };
  const picture = new Picture(box, (context, width, height) => {
    const { left } = at,
      right = (at.right = width - 20),
      top = 14,
      bottom = height - 24;
    const y = value =>
      bottom - (Math.log(Math.min(high, Math.max(low, value)) / low) / Math.log(high / low)) * (bottom - top);
    context.textAlign = 'right';
    for (const tick of tn.logTicks(low, high)) {
      context.strokeStyle = tick === 1 ? tn.color('bad') : tn.color('line');
      context.fillStyle = tn.color('muted');
      tn.strokeLine(context, left, y(tick), right, y(tick));
      context.fillText(tick === 1 ? 'accepted' : tick.toExponential(0), left - 8, y(tick));
    }
    context.textAlign = 'left';
    kernels.forEach((kernel, i) => {
      const bad = i === culprit || ratio(kernel) > 1;
      context.fillStyle = bad ? tn.color('bad') : tn.color('accent');
      context.beginPath();
      context.arc(left + ((i + 0.5) / kernels.length) * (right - left), y(ratio(kernel)), bad ? 5 : 3, 0, 2 * Math.PI);
      context.fill();
    });
    context.fillStyle = tn.color('muted');
    context.fillText('step 0', left, height - 8);
    tn.fitText(context, `step ${kernels.length - 1}`, right - 60, height - 8, width);
  });
  const find = event => Math.floor(((picture.point(event)[0] - at.left) / (at.right - at.left)) * kernels.length);
  picture.canvas.addEventListener('pointermove', event => {
    const i = find(event);
    tn.tip(
      kernels[i]
        ? [tn.kernelLabel(i), `off by ${tn.error(kernels[i].error)}, ${tn.error(kernels[i].tolerance)} is accepted`]
        : null,
      event.clientX,
      event.clientY
    );
  });
  picture.canvas.addEventListener('pointerleave', () => tn.tip(null));
  picture.canvas.addEventListener('click', event => {
    if (kernels[find(event)]) tn.go('kernel', find(event));
  });
  return box;
};

tn.trailTable = () => {
  const report = tn.report(),
    outputs = report.outputs.slice(0, 24),
    finding = tn.finding();
  return tn.el(
    'div',
    { class: 'table-scroll' },
    tn.el(
      'table',
      { class: 'trail' },
      tn.el(
        'tr',
        {},
        tn.el('th', {}, 'pass'),
        tn.el('th', { class: 'num' }, 'computed anew'),
        outputs.map(output => tn.el('th', { class: 'num', title: output.name }, tn.shorten(output.name, 24)))
      ),
      tn.el(
        'tr',
        { class: 'muted' },
        tn.el('td', {}, 'accepted'),
        tn.el('td', {}),
        outputs.map(output => tn.el('td', { class: 'num' }, tn.error(output.tolerance)))
      ),
      tn.trailPasses().map(pass =>
        tn.el(
          'tr',
          { class: finding && finding.where === pass.name ? 'culprit-row' : '' },
          tn.el(
            'td',
            {},
            tn.anchor(pass.name, 'pass', pass.name),
            finding && finding.where === pass.name ? tn.el('span', { class: 'chip bad' }, 'culprit') : null
          ),
          tn.el('td', { class: 'num muted' }, pass.computed === undefined ? '' : tn.integer(pass.computed)),
          outputs.map((output, o) => {
            const error = pass.errors && pass.errors[o];
            if (error === undefined) return tn.el('td', { class: 'num muted' }, 'not run');
            return tn.el(
              'td',
              { class: 'num' + (tn.number(error) > tn.number(output.tolerance) ? ' bad-text' : '') },
              tn.error(error)
            );
          })
        )
      )
    ),
    report.outputs.length > outputs.length
      ? tn.el('p', { class: 'muted' }, `and ${report.outputs.length - outputs.length} more results`)
      : null
  );
};

tn.views.numbers = {
  title: 'Numbers',
  show(main) {
    const report = tn.report(),
      page = tn.el('div', { class: 'scroll page' }, tn.el('h1', {}, 'Numbers'));
    main.append(page);
    if (!report)
      return page.append(
        tn.el(
          'p',
          { class: 'muted' },
          'The programs were not run; ',
          tn.el('code', {}, 'tenon debug --report'),
          ' does that.'
        )
      );
    const finding = tn.finding();
    if (finding)
      page.append(
        tn.el('p', { class: 'lead bad-text culprit' }, `${finding.kind} in ${finding.where}: ${finding.message}`)
      );
    else page.append(tn.el('p', { class: 'lead' }, 'Nothing found.'));
    page.append(
      tn.el(
        'p',
        { class: 'muted' },
        'The program after each pass was run by the reference semantics; errors are relative (L2) to the ' +
          'imported program. What is accepted was measured by a run in which every ' +
          'operation was disturbed by what it may be off.'
      )
    );
    if (report.outputs.length && tn.trailPasses().length)
      page.append(
        tn.el('section', { class: 'panel' }, tn.el('h2', {}, 'By pass and result'), tn.trailChart(280), tn.trailTable())
      );
    if (report.kernel_errors.length)
      page.append(
        tn.el('section', { class: 'panel' }, tn.el('h2', {}, 'Native kernels one by one'), tn.kernelErrorChart())
      );
  }
};
