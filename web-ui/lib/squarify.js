// Squarified treemap (Bruls, Huizing and van Wijk, 2000): rectangles whose areas are the weights and
// whose sides are as equal as they can be. A pure function over numbers.

/**
 * Divides a box among `weights`, which fall. Gives a rectangle { x, y, width, height } for each.
 */
export function squarify(weights, box) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const places = [];
  if (!(total > 0)) return weights.map(() => ({ ...box, width: 0, height: 0 }));
  const scale = (box.width * box.height) / total;
  let { x, y, width, height } = box;
  let index = 0;
  while (index < weights.length) {
    const side = Math.min(width, height);
    let end = index;
    let sum = 0;
    let worst = Infinity;
    while (end < weights.length) {
      const next = sum + weights[end] * scale;
      const ratio = worstOf(weights[index] * scale, weights[end] * scale, next, side);
      if (ratio > worst) break;
      worst = ratio;
      sum = next;
      end += 1;
    }
    // a row along the shorter side
    const thick = side > 0 ? sum / side : 0;
    let along = 0;
    for (; index < end; index += 1) {
      const long = thick > 0 ? (weights[index] * scale) / thick : 0;
      places.push(
        width >= height
          ? { x, y: y + along, width: thick, height: long }
          : { x: x + along, y, width: long, height: thick },
      );
      along += long;
    }
    if (width >= height) {
      x += thick;
      width -= thick;
    } else {
      y += thick;
      height -= thick;
    }
  }
  return places;
}

/** How far from a square the worst of a row is; the weights fall, so that only the ends matter. */
function worstOf(largest, smallest, sum, side) {
  const square = side * side;
  return Math.max((square * largest) / (sum * sum), (sum * sum) / (square * smallest));
}
