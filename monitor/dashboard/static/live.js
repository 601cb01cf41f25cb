// Snapshot first, then server-sent events from there on; begins again where the line broke.

import { Lost, fetched } from "./fetched.js";
import { report } from "./faults.js";

const QUIET_MS = 15000; // the server beats every 5 s
const RETRY_MS = 2000;

export class Live {
  #store;
  #source = null;
  #heard = 0;

  constructor(store) {
    this.#store = store;
    setInterval(() => this.#watch(), 1000);
  }

  async start() {
    try {
      const after = await this.#snapshot();
      this.#open(after);
    } catch (error) {
      this.#failed(error);
      setTimeout(() => this.start(), RETRY_MS);
    }
  }

  async #snapshot() {
    const snapshot = await fetched("api/snapshot");
    this.#alive();
    this.#store.begin(snapshot);
    return snapshot.event_id;
  }

  #open(after) {
    // The browser itself comes back with the id of the last event that it saw.
    const source = new EventSource(`events?after=${encodeURIComponent(after)}`);
    this.#source = source;
    const on = (name, handle) =>
      source.addEventListener(name, (event) => {
        this.#alive();
        handle(JSON.parse(event.data));
      });
    on("changes", (data) => this.#store.change(data));
    on("status", (data) => this.#store.setStatus(data));
    on("beat", (data) => this.#store.setNow(data.now_ms));
    on("left_out", (data) => this.#store.setLeftOut(data));
    on("reset", () => this.#beginAgain());
    on("displaced", ({ pages }) => this.#leave(pages));
    source.addEventListener("open", () => this.#alive());
    source.addEventListener("error", () => {
      this.#lost();
      if (source.readyState === EventSource.CLOSED) this.#again();
    });
  }

  #alive() {
    this.#heard = performance.now();
    this.#store.setConnected(true);
  }

  async #beginAgain() {
    try {
      await this.#snapshot();
    } catch (error) {
      this.#failed(error);
      this.#again();
    }
  }

  #failed(error) {
    if (!(error instanceof Lost)) report("snapshot", error);
    this.#lost();
  }

  /** The server has given our place to another page: who comes back takes that of a third. */
  #leave(pages) {
    this.#source.close();
    this.#source = null;
    this.#store.setDisplaced(pages);
  }

  #lost() {
    this.#store.setConnected(false);
  }

  #watch() {
    if (this.#source && performance.now() - this.#heard > QUIET_MS) {
      this.#lost();
      this.#again();
    }
  }

  #again() {
    this.#source?.close();
    if (this.#source) setTimeout(() => this.start(), RETRY_MS);
    this.#source = null;
  }
}
