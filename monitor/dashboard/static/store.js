// What the page knows. Parts listen for "stations", "alerts", "status" and "select".

export class Store extends EventTarget {
  stations = new Map();
  alerts = new Map();
  status = { kind: "broker", progress: null };
  connected = false;
  hours = 24;
  model = null;
  full = false;
  selected = null;
  #ahead = 0; // of the server's clock over ours, ms

  /** The server's time: how fresh data are is not for this machine's clock to say. */
  get now() {
    return Date.now() + this.#ahead;
  }

  setNow(ms) {
    this.#ahead = ms - Date.now();
  }

  begin(snapshot) {
    this.setNow(snapshot.now_ms);
    this.hours = snapshot.hours;
    this.model = snapshot.model;
    this.stations = new Map();
    this.alerts = new Map();
    this.setStatus(snapshot.status);
    this.#tell("begin");
    this.change(snapshot.everything, true);
  }

  change({ stations, alerts, full }, fresh = false) {
    this.full = full;
    for (const station of stations) this.stations.set(station.code, station);
    for (const alert of alerts) this.alerts.set(alert.alert_id, { ...alert, ...times(alert) });
    if (stations.length || fresh) this.#tell("stations", stations);
    if (alerts.length || fresh) this.#tell("alerts", fresh ? [] : alerts);
  }

  setStatus(status) {
    this.status = status;
    this.#tell("status");
  }

  setConnected(connected) {
    if (this.connected === connected) return;
    this.connected = connected;
    this.#tell("status");
  }

  select(code, moment = null) {
    this.selected = code;
    this.#tell("select", moment);
  }

  get station() {
    return this.stations.get(this.selected) ?? null;
  }

  /** Alerts of one station, or of all, the latest first and open ones before those. */
  alertsOf(code = null) {
    const open = (alert) => (alert.status === "open" ? 1 : 0);
    return [...this.alerts.values()]
      .filter((alert) => code === null || alert.station === code)
      .sort((a, b) => open(b) - open(a) || b.endMs - a.endMs);
  }

  #tell(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function times(alert) {
  return {
    startMs: Date.parse(alert.start),
    endMs: Date.parse(alert.end),
    peakMs: Date.parse(alert.peak),
  };
}
