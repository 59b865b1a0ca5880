/** A line of the last minutes, without axes. */

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 120;
const HEIGHT = 32;

/**
 * Path of a line through `values`, newest at the right edge, from 0 at the bottom to the largest at the top.
 * @param {readonly (number | undefined)[]} values undefined where nothing is known: the line is broken there
 * @param {number} capacity values that fill the width
 */
export function sparklinePath(values, capacity) {
  const most = Math.max(1e-9, ...values.map((value) => value ?? 0));
  const step = WIDTH / Math.max(1, capacity - 1);
  const first = WIDTH - step * (values.length - 1);
  let path = '';
  let broken = true;
  values.forEach((value, index) => {
    if (value === undefined) {
      broken = true;
      return;
    }
    const x = first + index * step;
    const y = HEIGHT - 1 - (value / most) * (HEIGHT - 2);
    path += `${broken ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    broken = false;
  });
  return path;
}

/** An empty one; `drawSparkline` fills it. */
export function sparkline() {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('class', 'sparkline');
  svg.setAttribute('role', 'img');
  svg.append(document.createElementNS(SVG, 'path'));
  return svg;
}

/**
 * @param {SVGSVGElement} svg
 * @param {readonly (number | undefined)[]} values
 * @param {number} capacity
 * @param {string} label for who cannot see it
 */
export function drawSparkline(svg, values, capacity, label) {
  svg.firstElementChild?.setAttribute('d', sparklinePath(values, capacity));
  svg.setAttribute('aria-label', label);
}
