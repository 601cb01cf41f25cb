// The marks on the map: a shape for a station, a circle with a count for several. One stop of the
// Tab key: arrow keys go to the nearest mark in their direction, Enter opens it.

import { each } from "./faults.js";
import { STATES } from "./states.js";
import { svg } from "./text.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const BADGE_PX = 10; // the shape of the worst state, on the rim of a circle
const NAMED = 12; // stations in the title of a circle

export class Marks {
  #root = svg("g");
  #marks = new Map(); // by the code of the first, the worst, station of each
  #open;

  /** `open` is called with the stations of the mark that was clicked, the worst first. */
  constructor(map, open) {
    this.#open = open;
    map.append(this.#root);
    this.#root.addEventListener("click", ({ target }) => this.#opened(target));
    this.#root.addEventListener("keydown", (event) => this.#key(event));
  }

  /**
   * @param {object[]} groups with x, y, half the mark's width, members and whether one is chosen
   * @param {object[]} places texts and where they stand, null for none
   * @param {number} target width of what can be clicked
   */
  draw(groups, places, target) {
    const focused = this.#root.contains(document.activeElement);
    const gone = new Set(this.#marks.keys());
    each("station", [...groups.keys()], (n) => {
      const { code } = groups[n].members[0];
      gone.delete(code);
      this.#fill(this.#mark(code), groups[n], places[n], target);
    });
    for (const code of gone) this.#remove(code);
    const { activeElement } = document;
    const all = [...this.#marks.values()];
    const stop =
      all.find(({ root }) => root === activeElement) ??
      all.find(({ group }) => group.chosen) ??
      all[0];
    this.#stopAt(stop);
    if (focused && stop?.root !== activeElement) stop?.root.focus();
  }

  #mark(code) {
    if (!this.#marks.has(code)) {
      const parts = {
        title: svg("title"),
        target: svg("rect", { class: "target" }),
        circle: svg("circle"),
        shape: svg("path", { "fill-rule": "evenodd" }),
        count: svg("text", { class: "count" }),
        label: svg("text", { class: "label" }),
      };
      const root = svg("g", { role: "button" }, ...Object.values(parts));
      this.#root.append(root);
      this.#marks.set(code, { root, ...parts });
    }
    return this.#marks.get(code);
  }

  #remove(code) {
    this.#marks.get(code).root.remove();
    this.#marks.delete(code);
  }

  #fill(mark, group, place, target) {
    const { x, y, half, members, chosen } = group;
    const [{ state, code }] = members;
    const many = members.length > 1;
    const { shape } = STATES[state]; // first: one that has none is left as it was
    mark.group = group;
    mark.title.textContent = many ? titleOfMany(members) : titleOf(members[0]);
    const classes = ["station", state, chosen && "selected", many && "many"];
    mark.root.setAttribute("class", classes.filter(Boolean).join(" "));
    mark.root.setAttribute("transform", `translate(${x} ${y})`);
    if (many) delete mark.root.dataset.code;
    else mark.root.dataset.code = code;
    for (const [name, value] of Object.entries({
      x: -target / 2,
      y: -target / 2,
      width: target,
      height: target,
    })) {
      mark.target.setAttribute(name, value);
    }
    mark.circle.setAttribute("r", many ? half - 3 : 0);
    mark.count.textContent = many ? members.length : "";
    const px = many ? BADGE_PX : 2 * half - 2;
    const off = many ? half - BADGE_PX / 2 : 0;
    mark.shape.setAttribute("d", shape);
    mark.shape.setAttribute(
      "transform",
      `translate(${off} ${-off}) scale(${px / 16}) translate(-8 -8)`,
    );
    mark.label.textContent = place ? place.text : "";
    mark.label.setAttribute("x", place ? place.x - x : 0);
    mark.label.setAttribute("y", place ? place.y - y : 0);
  }

  #stopAt(stop) {
    for (const mark of this.#marks.values()) {
      mark.root.setAttribute("tabindex", mark === stop ? "0" : "-1");
    }
  }

  #markOf(node) {
    return [...this.#marks.values()].find(({ root }) => root.contains(node));
  }

  #opened(node) {
    const mark = this.#markOf(node);
    if (mark) this.#open(mark.group.members);
  }

  #key(event) {
    const at = this.#markOf(document.activeElement);
    if (event.key === "Enter" || event.key === " ") this.#opened(at.root);
    else if (event.key in ARROWS) this.#go(at.group, ARROWS[event.key]);
    else return;
    event.preventDefault();
  }

  #go({ x, y }, [dx, dy]) {
    const reach = ({ group }) => {
      const [along, across] = [
        (group.x - x) * dx + (group.y - y) * dy,
        (group.x - x) * dy + (group.y - y) * dx,
      ];
      return along > 0 ? along + 2 * Math.abs(across) : Infinity;
    };
    const [next] = [...this.#marks.values()].sort((a, b) => reach(a) - reach(b));
    if (reach(next) === Infinity) return;
    this.#stopAt(next);
    next.root.focus();
  }
}

function titleOf({ code, name, state }) {
  return `${name ? `${code} (${name})` : code}: ${STATES[state].label}`;
}

function titleOfMany(members) {
  const named = members.slice(0, NAMED).map(({ code, state }) => `${code} ${STATES[state].label}`);
  const rest = members.length - named.length;
  return `${members.length} stations: ${named.join(", ")}${rest ? `, ${rest} more` : ""}`;
}
