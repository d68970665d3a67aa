// Player of an episode: draws the cells that change from screen to screen.
document.querySelectorAll('.player').forEach(function (figure) {
  const data = JSON.parse(figure.querySelector('script').textContent);
  const canvas = figure.querySelector('canvas');
  const button = figure.querySelector('button');
  const slider = figure.querySelector('input');
  const W = 10, H = 20, last = data.frames.length - 1;
  canvas.width = W * data.columns;
  canvas.height = H * data.rows;
  const pen = canvas.getContext('2d');
  pen.textBaseline = 'middle';
  pen.textAlign = 'center';
  slider.max = last;
  let now = -1, from = 0, playing = false;
  function cell(at, glyph) {
    const x = W * (at % data.columns), y = H * Math.floor(at / data.columns);
    const code = glyph[0].codePointAt(0);
    pen.fillStyle = glyph[3];
    pen.fillRect(x, y, W, H);
    pen.fillStyle = glyph[2];
    if (glyph[0] === ' ') return;
    if (glyph[0] === '\u2580') return pen.fillRect(x, y, W, H / 2);
    if (glyph[0] === '\u2584') return pen.fillRect(x, y + H / 2, W, H / 2);
    if (glyph[0] === '\u2588') return pen.fillRect(x, y, W, H);
    if (Math.floor(code / 256) === 0x28) {
      // Braille: the dots 1 to 8 are the bits of the code, in two columns.
      [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2], [0, 3], [1, 3]].forEach(function (dot, bit) {
        if (Math.floor(code / Math.pow(2, bit)) % 2) pen.fillRect(x + 1.5 + 5 * dot[0], y + 1.5 + 5 * dot[1], 2.5, 2.5);
      });
      return;
    }
    pen.font = (glyph[1] ? 'bold ' : '') + '16px monospace';
    pen.fillText(glyph[0], x + W / 2, y + H / 2 + 1);
  }
  function show(frame) {
    if (now > frame) now = -1;
    while (frame > now) {
      now += 1;
      const changes = data.frames[now][1];
      for (let i = 0; changes.length > i; i += 2) cell(changes[i], data.glyphs[changes[i + 1]]);
    }
    slider.value = frame;
  }
  function tick(time) {
    if (!playing) return;
    const t = (time - from) / 1000;
    let frame = Math.max(now, 0);
    while (last > frame) {
      if (data.frames[frame + 1][0] > t) break;
      frame += 1;
    }
    if (frame !== now) show(frame);
    if (frame === last) return stop();
    requestAnimationFrame(tick);
  }
  function stop() {
    playing = false;
    button.textContent = 'Play';
  }
  button.addEventListener('click', function () {
    if (playing) return stop();
    if (now === last) show(0);
    playing = true;
    button.textContent = 'Pause';
    from = performance.now() - 1000 * data.frames[now][0];
    requestAnimationFrame(tick);
  });
  slider.addEventListener('input', function () {
    stop();
    show(Number(slider.value));
  });
  show(0);
});
