// Records that workers refused, by the key under which they were sent: the newest first.

import { each } from "./faults.js";
import { element, stamp } from "./text.js";

export class RefusedRecords {
  #store;
  #root = document.getElementById("refused");

  constructor(store) {
    this.#store = store;
    store.addEventListener("refused", () => this.#draw());
    this.#root.addEventListener("click", (event) => {
      const code = event.target.closest("[data-code]")?.dataset.code;
      if (store.stations.has(code)) store.select(code);
    });
  }

  #draw() {
    const all = [...this.#store.refused.values()].reverse();
    document.getElementById("refused-panel").hidden = !all.length;
    this.#root.replaceChildren(...each("refused record", all, (one) => this.#row(one)));
  }

  #row({ key, count, newest_ms: newest, reason, detail }) {
    const name = element("strong", {}, key || "no key");
    const records = `${count} ${count === 1 ? "record" : "records"}, newest ${stamp(newest, true)} UTC`;
    const head = element("span", { class: "refused-head" }, name, element("span", {}, reason));
    const lines = [head, element("span", { class: "note" }, records), element("span", {}, detail)];
    const known = this.#store.stations.has(key);
    const box = known ? element("button", { type: "button", "data-code": key }) : element("div");
    box.append(...lines);
    return element("li", {}, box);
  }
}
