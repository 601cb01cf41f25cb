// What the page knows. Parts listen for "stations", "alerts", "reviews", "refused", "status",
// "left-out", "select" and "filter".

const KEPT_KEYS = 50; // of refused records, as the server does

export class Store extends EventTarget {
  stations = new Map();
  alerts = new Map();
  reviews = new Map(); // the last word on each alert, by its id
  takesReviews = false;
  refused = new Map(); // by the key that was sent, the newest last
  status = { kind: "broker", progress: null };
  connected = false;
  displacedBy = null; // how many pages the server serves, where it no longer serves this one
  hours = 24;
  past = false; // whether the server has pages of past days and alerts
  models = []; // several where each station has an entry for each, `WIC.ulf-1min`
  full = false;
  selected = null;
  filter = { states: new Set(), text: "" }; // of the list of stations; empty: all
  #ahead = 0; // of the server's clock over ours, ms

  /** The server's time: how fresh data are is not for this machine's clock to say. */
  get now() {
    return Date.now() + this.#ahead;
  }

  /** The model of the chosen station's entry. */
  get model() {
    const name = this.selected?.split(".").slice(1).join(".");
    return this.models.find((model) => model.name === name) ?? this.models[0];
  }

  setNow(ms) {
    this.#ahead = ms - Date.now();
  }

  begin(snapshot) {
    this.setNow(snapshot.now_ms);
    this.hours = snapshot.hours;
    this.past = snapshot.past;
    this.models = snapshot.models ? Object.values(snapshot.models) : [snapshot.model];
    this.stations = new Map();
    this.alerts = new Map();
    this.reviews = new Map();
    this.takesReviews = snapshot.takes_reviews;
    this.refused = new Map();
    this.setStatus(snapshot.status);
    this.setLeftOut(snapshot.left_out);
    this.#tell("begin");
    this.change(snapshot.everything, true);
  }

  change({ stations, alerts, refused, reviews, full }, fresh = false) {
    this.full = full;
    for (const station of stations) this.stations.set(station.code, station);
    for (const alert of alerts) this.alerts.set(alert.alert_id, alert);
    for (const one of reviews) this.reviews.set(one.alert_id, one);
    for (const one of refused) {
      this.refused.delete(one.key);
      this.refused.set(one.key, one);
      if (this.refused.size > KEPT_KEYS) this.refused.delete(this.refused.keys().next().value);
    }
    if (stations.length || fresh) this.#tell("stations", stations);
    if (alerts.length || fresh) this.#tell("alerts", fresh ? [] : alerts);
    if (reviews.length) this.#tell("reviews");
    if (refused.length || fresh) this.#tell("refused");
  }

  setStatus(status) {
    this.status = status;
    this.#tell("status");
  }

  setLeftOut(leftOut) {
    this.#tell("left-out", leftOut);
  }

  setConnected(connected) {
    if (this.connected === connected) return;
    this.connected = connected;
    this.#tell("status");
  }

  /** Another page has this one's place at the server, which serves so many. */
  setDisplaced(pages) {
    this.displacedBy = pages;
    this.#tell("status");
  }

  select(code, moment = null) {
    this.selected = code;
    this.#tell("select", moment);
  }

  setFilter(filter) {
    this.filter = filter;
    this.#tell("filter");
  }

  get station() {
    return this.stations.get(this.selected) ?? null;
  }

  /** Alerts of one station, or of all, the latest first and open ones before those. */
  alertsOf(code = null) {
    const open = (alert) => (alert.status === "open" ? 1 : 0);
    return [...this.alerts.values()]
      .filter((alert) => code === null || alert.station === code)
      .sort((a, b) => open(b) - open(a) || b.end_ms - a.end_ms);
  }

  #tell(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
