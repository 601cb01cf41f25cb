// Where marks and codes stand on the map: nothing collides with anything, and nothing is cut off.

/**
 * Groups of points of which no two are nearer than `gap` in x and y. A point joins the first group
 * that is nearer; a group stands where its first point is, so the order of points decides.
 */
export function clustered(points, gap) {
  const groups = [];
  for (const point of points) {
    const { x, y } = point;
    const near = groups.find((one) => Math.abs(one.x - x) < gap && Math.abs(one.y - y) < gap);
    if (near) near.members.push(point);
    else groups.push({ x, y, members: [point] });
  }
  return groups;
}

/**
 * The text of each group and where it stands: to the right of its mark, to the left, above or below.
 * Earlier groups choose first; null where there is no room.
 *
 * @param {object[]} groups with x, y and half, half the width of the mark; texts {text, width,
 *   height}, the best first
 * @param {object} size width and height of the map
 */
export function labelPlaces(groups, size) {
  const taken = groups.map(({ x, y, half }) => box(x, y, 2 * half, 2 * half));
  const isFree = (place) => isWithin(place, size) && !taken.some((one) => meet(place, one));
  return groups.map((group) => {
    const free = group.texts.flatMap((text) => sides(group, text)).find(isFree);
    if (free) taken.push(free);
    return free ?? null;
  });
}

function sides({ x, y, half }, { text, width, height }) {
  const [aside, off] = [half + width / 2 + 1, half + height / 2];
  const places = [
    [aside, 0],
    [-aside, 0],
    [0, -off],
    [0, off],
  ];
  return places.map(([dx, dy]) => ({ text, ...box(x + dx, y + dy, width, height) }));
}

function box(x, y, width, height) {
  return {
    x,
    y,
    left: x - width / 2,
    right: x + width / 2,
    top: y - height / 2,
    bottom: y + height / 2,
  };
}

function isWithin({ left, right, top, bottom }, { width, height }) {
  return left >= 0 && top >= 0 && right <= width && bottom <= height;
}

function meet(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
