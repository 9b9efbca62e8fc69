// The dashboard. It reads the endpoints of the member that serves it and shows how old each answer is. Whatever came from
// the network becomes a text node (h), never markup.
"use strict";
(() => {
  const POLL = 5000;          // between two questions for what moves
  const SLOW_POLL = 30000;    // for what only a new leader changes
  const OLD_AFTER = 12000;    // an answer that is older is shown as old
  const PATIENCE = 20000;     // /cluster waits for the store up to retry_timeout before it says 503
  const KEPT_EVENTS = 60;
  const SHOWN_HISTORY = 20;

  const byId = (id) => document.getElementById(id);

  // An element; strings among the children become text.
  function h(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === false || value === null || value === undefined) continue;
      if (name === "depth") element.style.setProperty("--depth", value);
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  }

  // --- words

  const two = (n) => String(n).padStart(2, "0");
  function clock(when) {
    const d = when instanceof Date ? when : new Date(when);
    if (Number.isNaN(d.getTime())) return String(when);
    const time = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
    if (d.toDateString() === new Date().toDateString()) return time;
    return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${time}`;
  }
  function span(milliseconds) {
    const seconds = Math.max(0, Math.round(milliseconds / 1000));
    if (seconds < 120) return `${seconds} s`;
    if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
    return `${Math.floor(seconds / 86400)} days`;
  }
  const count = (n, one, many) => `${n} ${n === 1 ? one : many}`;
  const text = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value));
  const ROLES = {leader: "Leader", standby_leader: "Standby leader", replica: "Replica", sync_standby: "Sync standby", quorum_standby: "Quorum standby"};
  const leads = (member) => member.role === "leader" || member.role === "standby_leader";
  const megabytes = (bytes) => `${Math.round(bytes / 1048576).toLocaleString("en")} MB`;
  const position = (bytes) => `${Math.floor(bytes / 4294967296).toString(16).toUpperCase()}/${(bytes % 4294967296).toString(16).toUpperCase()}`;
  // The agents before 4.1 say "running" of a member that streams.
  const streams = (member, newest) => member.state === "streaming" || (!newest && member.state === "running");
  // Of a leader; that of a standby cluster may live on an archive.
  const works = (member) => ["running", "streaming", "in archive recovery"].includes(member.state);

  // --- what was asked, and how old it is

  class Source {
    constructor(path, every, read) {
      Object.assign(this, {path, every, read, data: null, at: 0, failure: "", silent: false, begun: 0, next: 0});
    }
    get age() { return this.at ? Math.max(0, Date.now() - this.at) : Infinity; }
    get old() { return this.failure !== "" || this.age > OLD_AFTER + this.every; }
    due() { this.next = 0; }
    async ask() {
      if (this.begun || Date.now() < this.next) return;
      this.begun = Date.now();
      const cut = new AbortController();
      const timer = setTimeout(() => cut.abort(), PATIENCE);
      try {
        const reply = await fetch(this.path, {cache: "no-store", signal: cut.signal});
        const body = await reply.text();
        this.silent = false;
        if (reply.ok) {
          this.data = JSON.parse(body);
          this.at = this.begun;  // it cannot be newer than the question
          this.failure = "";
        } else if (this.read && this.read(reply.status, body)) {
          this.at = this.begun;
          this.failure = "";
        } else {
          this.failure = plain(reply, body);
        }
      } catch (error) {
        this.silent = error.name !== "SyntaxError";
        this.failure = this.silent ? "no answer" : "the answer cannot be read";
      }
      clearTimeout(timer);
      this.next = this.begun + this.every;
      this.begun = 0;
      show();
    }
  }

  // The daemon's own words; of an HTML error page only the line that says what is wrong.
  function plain(reply, body) {
    const page = /<p>Message: ([^<]*)<\/p>/.exec(body);
    return page ? page[1] : body.trim() || `${reply.status} ${reply.statusText}`;
  }

  let noRace = "";
  const cluster = new Source("cluster", POLL);
  const patroni = new Source("patroni", POLL);
  const explain = new Source("explain", POLL);
  const history = new Source("history", SLOW_POLL);
  const past = new Source("explain?past=list&limit=20", SLOW_POLL);
  const race = new Source("explain?past=race", SLOW_POLL, (status, body) => {
    if (status !== 404) return false;
    race.data = null;
    noRace = body;
    return true;
  });
  const sources = [cluster, patroni, explain, history, past, race];
  const memory = [patroni, explain];  // answered from the daemon's memory: silence is the daemon's

  const me = () => (explain.data && explain.data.member) || (patroni.data && patroni.data.patroni && patroni.data.patroni.name) || "this member";
  const daemonSilent = () => memory.every((source) => source.silent);
  const daemonSeen = () => Math.max(0, ...memory.map((source) => source.at));
  const members = () => (cluster.data && cluster.data.members) || [];
  const leader = () => members().find(leads);
  const newest = () => Boolean(cluster.data && "scope" in cluster.data);

  // --- showing; a part is made anew only when what it shows is different, so that focus and selection stay

  const shown = new Map();
  function put(id, key, make) {
    const now = JSON.stringify(key);
    if (shown.get(id) === now) return;
    shown.set(id, now);
    byId(id).replaceChildren(...make());
  }

  // `origin`: where the answer comes from itself; it is no newer than that.
  function mark(section, source, origin) {
    const stale = origin && origin.old && origin.at ? origin : source;
    const old = stale.old || daemonSilent();
    byId(`${section}-section`).classList.toggle("old", old && source.at > 0);
    let words = "";
    if (!source.at) words = source.failure ? `cannot be shown: ${source.failure}` : "asking …";
    else if (old) words = `OLD: as of ${clock(new Date(stale.at))}, ${span(stale.age)} ago`;
    else words = `as of ${clock(new Date(source.at))}`;
    put(`${section}-age`, words, () => [words]);
  }

  function judge() {
    const notices = [];
    const add = (level, words) => notices.push({level, words});
    if (daemonSilent()) {
      const since = daemonSeen();
      add("bad", since ? `The daemon of ${me()} has not answered since ${clock(new Date(since))} (${span(Date.now() - since)}). Everything below is old.`
        : "The daemon that served this page does not answer.");
      return {level: "bad", words: `${me()} does not answer: the state of the cluster is not known from here`, notices};
    }
    const status = patroni.data || {};
    const self = status.tamada || {};
    if (status.failsafe_mode_is_active) {
      add("warn", "Failsafe mode: the store is away; the primary goes on only while every member lets it.");
    }
    if (status.watchdog_failed) add("warn", `The watchdog of ${me()} does not work.`);
    if (self.observed_ms_ago > OLD_AFTER && status.state !== "stopped") {
      add("warn", `PostgreSQL of ${me()} has not answered for ${span(self.observed_ms_ago)}.`);
    }
    for (const [check, words] of Object.entries((self.health && self.health.trouble) || {})) {
      add(self.sick ? "bad" : "warn", `${me()} is ${self.health.state}: ${check}: ${text(words)}`);
    }
    if (self.health && self.health.notice) add("warn", `${me()}: ${self.health.notice}`);
    for (const [slot, why] of Object.entries(self.logical_slot_gaps || {})) add("warn", `Logical slot ${slot} may miss changes: ${text(why)}`);

    if (cluster.old) {
      if (!cluster.at && !cluster.failure) return {level: "unknown", words: "Asking …", notices};
      const seen = cluster.at || (status.dcs_last_seen || 0) * 1000;
      const since = seen ? ` since ${clock(new Date(seen))} (${span(Date.now() - seen)})` : "";
      add("bad", `${me()} has not read the store${since}${cluster.at ? "; the members below are as old" : ""}.`);
      add("bad", cluster.failure ? `It says: ${cluster.failure}` : "Its answer is still awaited.");
      return {level: "bad", words: "The store cannot be read: the state of the cluster is not known", notices};
    }

    const all = members();
    const words = [];
    let level = "good";
    const worse = (next, what) => {
      if (what) words.push(what);
      if (next === "bad" || level === "good") level = next;
    };
    if (!leader()) worse("bad", all.length ? "No leader" : "No members");
    else if (!works(leader())) worse("bad", `The leader ${leader().name} is ${leader().state}`);
    if (status.failsafe_mode_is_active) worse("warn", "Failsafe mode");
    if (cluster.data.pause) {
      worse("warn", "Paused");
      add("warn", "Maintenance mode: nothing fails over by itself until the cluster is resumed.");
    }
    const silent = all.filter((member) => !leads(member) && !streams(member, newest()));
    if (silent.length) {
      worse("warn", `${count(silent.length, "member", "members")} not streaming`);
      for (const member of silent) add("warn", `${member.name}: ${member.state}`);
    }
    if (self.sick) worse("bad", `${me()} is sick`);
    const pending = all.filter((member) => member.pending_restart);
    if (pending.length) add("warn", `Restart pending: ${pending.map((member) => member.name).join(", ")}`);
    if (all.length === 1 && leader()) worse("warn", "Nobody could take over");
    if (notices.some((notice) => notice.level === "bad") && level === "good") level = "bad";
    if (!words.length) {
      words.push(`Healthy: ${leader().name} leads${all.length > 1 ? `, ${count(all.length - 1, "replica streams", "replicas stream")}` : ""}`);
    }
    return {level, words: words.join(" · "), notices};
  }

  const SIGNS = {good: "✓", warn: "!", bad: "✕", unknown: "?"};
  function showVerdict() {
    const verdict = judge();
    put("verdict", [verdict.level, verdict.words], () => [
      h("span", {class: "sign", "aria-hidden": "true"}, SIGNS[verdict.level]), h("span", {id: "verdict-text"}, verdict.words)]);
    byId("verdict").className = `verdict ${verdict.level}`;
    put("notices", verdict.notices, () => verdict.notices.map((notice) =>
      h("li", {class: notice.level}, h("span", {class: "sign", "aria-hidden": "true"}, SIGNS[notice.level]), h("span", {}, notice.words))));
    const scope = (cluster.data && cluster.data.scope) || (patroni.data && patroni.data.patroni && patroni.data.patroni.scope);
    put("scope", scope || "", () => [scope ? `Cluster ${scope}` : "Cluster"]);
    document.title = `${SIGNS[verdict.level]} ${scope || "Tamada"}: ${verdict.words}`;
    const seen = daemonSeen();
    const words = seen ? `seen by ${me()} at ${clock(new Date(seen))}` : "not read yet";
    put("seen", words, () => [words]);
  }

  // Who follows whom, as tamadactl topology: [member, depth].
  function topology(all) {
    const names = new Set(all.map((member) => member.name));
    const root = all.find(leads);
    const rest = new Map(all.filter((member) => member !== root).map((member) => [member.name, member]));
    const parent = (member) => {
      const from = member.tags && member.tags.replicatefrom;
      return from && from !== member.name && names.has(from) ? from : root ? root.name : null;
    };
    const rows = [];
    const add = (member, depth) => {
      rest.delete(member.name);
      rows.push([member, depth]);
      for (const child of [...rest.values()]) if (rest.has(child.name) && parent(child) === member.name) add(child, depth + 1);
    };
    if (root) add(root, 0);
    while (rest.size) add(rest.values().next().value, root ? 1 : 0);
    return rows;
  }

  // Its dashboard; an address that is none of the web's is no link.
  function dashboardOf(member) {
    try {
      const url = new URL("/dashboard", member.api_url);
      return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
    } catch {
      return null;
    }
  }
  const linked = (member) => {
    const href = member.name === me() ? null : dashboardOf(member);
    return href ? h("a", {href, rel: "noopener noreferrer"}, member.name) : member.name;
  };

  function lagCell(member, label, lag, lsn) {
    if (leads(member)) return h("td", {class: "number empty", "data-label": label}, "–");
    if (typeof lag !== "number") return h("td", {class: "number", "data-label": label}, "unknown");
    return h("td", {class: "number", "data-label": label}, h("span", {}, megabytes(lag), lsn ? h("span", {class: "quiet mono"}, ` ${lsn}`) : ""));
  }

  function restartCell(member) {
    const lines = [];
    if (member.pending_restart) {
      const reasons = Object.entries(member.pending_restart_reason || {});
      lines.push(h("li", {class: "pending"}, "pending"));
      for (const [name, change] of reasons) {
        lines.push(h("li", {class: "pending"}, `${name}: ${text(change.old_value)} → ${text(change.new_value)}`));
      }
    }
    if (member.scheduled_restart) {
      const {schedule, ...conditions} = member.scheduled_restart;
      delete conditions.postmaster_start_time;
      lines.push(h("li", {}, `scheduled at ${clock(schedule)}`));
      for (const [name, value] of Object.entries(conditions)) lines.push(h("li", {class: "quiet"}, `if ${name}: ${text(value)}`));
    }
    return h("td", {class: lines.length ? "" : "empty", "data-label": "Restart"}, h("ul", {}, ...lines));
  }

  function memberRow([member, depth]) {
    const ok = leads(member) ? works(member) : streams(member, newest());
    const tags = Object.entries(member.tags || {});
    const old = !newest();
    return h("tr", {class: leads(member) ? "leads-row" : null},
      h("th", {scope: "row", class: "name", "data-label": "Member"},
        depth ? h("span", {class: "branch", "aria-hidden": "true", depth}, "+") : "", linked(member),
        member.name === me() ? h("span", {class: "here quiet"}, " (serves this page)") : "",
        member.host ? h("div", {class: "quiet address", depth}, `${member.host}:${member.port}`) : ""),
      h("td", {class: leads(member) ? "leads" : "", "data-label": "Role"}, ROLES[member.role] || member.role),
      h("td", {class: ok ? "" : "trouble", "data-label": "State"}, ok ? member.state : `! ${member.state}`),
      h("td", {class: "number", "data-label": "Timeline"}, member.timeline === undefined ? "unknown" : text(member.timeline)),
      lagCell(member, "Receive lag", old ? member.lag : member.receive_lag, member.receive_lsn),
      lagCell(member, "Replay lag", old ? member.lag : member.replay_lag, member.replay_lsn),
      restartCell(member),
      h("td", {class: tags.length ? "" : "empty", "data-label": "Tags"}, h("span", {}, ...tags.map(([name, value]) => h("span", {class: "tag"}, `${name}: ${text(value)}`)))));
  }

  function showMembers() {
    mark("members", cluster);
    if (!cluster.data) return;
    byId("members").tBodies[0].id = "member-rows";
    put("member-rows", [cluster.data, me()], () => topology(members()).map(memberRow));
    const plan = cluster.data.scheduled_switchover;
    put("scheduled", plan || null, () => (plan ? [h("p", {class: "scheduled"},
      `Scheduled switchover at ${clock(plan.at)}${plan.from ? ` from ${plan.from}` : ""}${plan.to ? ` to ${plan.to}` : " to whoever is best then"}`)] : []));
  }

  function pairs(list) {
    return h("dl", {}, ...list.filter(([, value]) => value !== null && value !== undefined && value !== "").flatMap(([name, value]) =>
      [h("dt", {}, name), h("dd", {}, value)]));
  }

  function showSelf() {
    const source = explain.old ? explain : patroni;
    mark("self", source);
    const why = explain.data;
    const status = patroni.data;
    if (!why || !status) return;
    put("self-title", me(), () => [`${me()}: what it does and why`]);
    const lock = typeof why.lock_valid_for === "number";
    const clone = why.clone;
    const copied = clone && (clone.bytes_done === null ? "not measured yet" : megabytes(clone.bytes_done) + (clone.bytes_total ? ` of ${megabytes(clone.bytes_total)}` : ""));
    // Seconds that run down are no news: told is whether there is a lock.
    const key = [why.status, why.rule, why.because, why.procedure, lock, clone, status.state, status.role, status.timeline, status.server_version, why.synchronous];
    put("self", key, () => [
      h("p", {class: "lead-in"}, why.status || "nothing decided yet"),
      pairs([
        ["PostgreSQL", `${status.state}, ${status.role}${status.timeline ? `, timeline ${status.timeline}` : ""}`],
        ["Because", why.because ? `${why.because} (rule ${why.rule})` : why.rule],
        ["Leader lock", lock ? "held, and proven at this moment" : "not held here"],
        ["Under way", why.procedure],
        ["Copy", clone ? `${clone.method}${clone.source ? ` from ${clone.source}` : ""}: ${copied}` : null],
        ["Synchronous", why.synchronous ? why.synchronous.because : null],
      ])]);
  }

  function showRace() {
    mark("race", race);
    const others = members().filter((member) => member.name !== me() && dashboardOf(member));
    const elsewhere = () => (others.length ? h("p", {class: "more quiet"}, "Each member remembers what it decided itself: ",
      ...others.flatMap((member, i) => [i ? ", " : "", linked(member)])) : "");
    const last = history.data && history.data[history.data.length - 1];
    put("race", [race.data && [race.data.id, race.data.count, race.data.outcome], noRace, last, others.map((member) => [member.name, member.api_url])], () => {
      const parts = [];
      if (last) {
        parts.push(h("p", {}, `Timeline ${Number(last[0]) + 1} began`, last[3] ? ` at ${clock(last[3])}` : "", last[4] ? `, led by ${last[4]}` : "", last[2] ? ` (${last[2]}).` : "."));
      }
      const entry = race.data;
      if (!entry) return [...parts, h("p", {class: "quiet"}, noRace ? `${me()}: ${noRace}.` : "Nothing is known yet."), elsewhere()];
      return [...parts,
        h("p", {class: "lead-in"}, `${clock(entry.first)}, ${me()}: ${entry.status || entry.action}`),
        pairs([
          ["Situation", entry.situation],
          ["Because", `${entry.because} (rule ${entry.rule})`],
          ["Leader then", entry.leader || "none"],
          ["Action", entry.action + (entry.target ? ` → ${entry.target}` : "") + (entry.outcome ? `: ${entry.outcome}` : "")],
          ["Weighed", entry.details.length ? h("ul", {class: "weighed"}, ...entry.details.map((line) => h("li", {}, line))) : "nobody else"],
        ]), elsewhere()];
    });
  }

  function table(heads, rows) {
    return h("table", {class: "cards"}, h("thead", {}, h("tr", {}, ...heads.map(([name, kind]) => h("th", {scope: "col", class: kind}, name)))),
      h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((value, i) =>
        h("td", {class: `${heads[i][1] || ""}${value === "" ? " empty" : ""}`, "data-label": heads[i][0]}, h("span", {}, value)))))));
  }

  const happening = (at, words, kind) => h("li", {}, h("time", {}, at), h("span", {}, words, h("span", {class: "kind"}, ` ${kind}`)));

  function showHistory() {
    mark("history", history, cluster);  // the daemon shows its last view of the store
    if (!history.data) return;
    put("history", history.data, () => {
      const lines = history.data.slice(-SHOWN_HISTORY).reverse();
      if (!lines.length) return [h("p", {class: "quiet"}, "No promotion yet: the cluster is on its first timeline.")];
      const rows = lines.map(([timeline, bytes, reason, time, by]) =>
        [text(timeline), position(bytes), text(reason || ""), time ? clock(time) : "", by || ""]);
      const left = history.data.length - lines.length;
      return [table([["Timeline", "number"], ["Ended at", "mono"], ["Reason"], ["Time", "when"], ["New leader"]], rows),
        left > 0 ? h("p", {class: "more quiet"}, `${left} older are not shown: tamadactl history`) : ""];
    });
  }

  function showPast() {
    mark("past", past);
    if (!past.data) return;
    put("past-title", me(), () => [`Decisions of ${me()}`]);
    const entries = past.data.past.slice(-10).reverse();
    put("past", entries.map((entry) => [entry.id, entry.outcome, entry.rule]), () => (entries.length ? [
      h("ol", {class: "events"}, ...entries.map((entry) => happening(clock(entry.first),
        `${entry.status || entry.action}${entry.outcome && entry.outcome !== "done" ? ` (${entry.outcome})` : ""}`, entry.rule))),
      h("p", {class: "more quiet"}, "All of them: tamadactl explain --list")] : [h("p", {class: "quiet"}, "Nothing was decided yet.")]));
  }

  function showFoot() {
    const own = patroni.data && patroni.data.tamada;
    const words = `${own ? `Tamada ${own.version}. ` : ""}Times are those of this browser. Read every ${POLL / 1000} s, and whenever something happens.`;
    put("foot", words, () => [words]);
  }

  // --- events

  const KINDS = ["role", "state", "timeline", "leader", "lock", "decision", "health", "pause", "failsafe", "watchdog", "pending_restart",
    "synchronous", "configuration", "store", "gap"];
  let stream = null;
  let streamState = "connecting …";
  let retryStream = 0;

  function happened(kind, message) {
    let data;
    try {
      data = JSON.parse(message.data);
    } catch {
      return;
    }
    const at = data.at ? clock(data.at) : clock(new Date());
    byId("events").prepend(happening(at, text(data.text || data.because || kind), kind));
    while (byId("events").childElementCount > KEPT_EVENTS) byId("events").lastElementChild.remove();
    if (kind !== "decision") cluster.due();
    patroni.due();
    explain.due();
    if (["leader", "timeline", "role", "decision"].includes(kind)) [history, past, race].forEach((source) => source.due());
    soon();
  }

  function listen() {
    if (stream) stream.close();
    stream = new EventSource("events");
    stream.onopen = () => { streamState = "live"; show(); };
    stream.onerror = () => {
      // Refused for good (too many listeners): asked again later. Cut off: the browser comes back by itself.
      const refused = stream.readyState === EventSource.CLOSED;
      streamState = refused ? "not live: the member takes no more listeners, it is asked every 5 s" : "not live: the stream was cut, trying again";
      if (refused) retryStream = Date.now() + 30000;
      show();
    };
    stream.addEventListener("now", () => { for (const source of sources) source.due(); soon(); });
    for (const kind of KINDS) stream.addEventListener(kind, (message) => happened(kind, message));
  }

  function showEvents() {
    const live = streamState === "live" && !daemonSilent();
    byId("events-section").classList.toggle("old", !live && byId("events").childElementCount > 0);
    put("events-state", [streamState, live], () => [live ? "live" : streamState === "live" ? "not live" : streamState]);
  }

  // --- actions: the password is kept here and nowhere else, and goes with requests that change something

  let credential = "";
  let user = "";
  let busy = "";

  function basic(name, password) {
    const bytes = new TextEncoder().encode(`${name}:${password}`);
    return `Basic ${btoa(String.fromCharCode(...bytes))}`;
  }

  async function send(method, path, body, authorization) {
    const reply = await fetch(path, {
      method, cache: "no-store", headers: {"Authorization": authorization, "Content-Type": "application/json"},
      body: body === undefined ? undefined : JSON.stringify(body)});
    return {ok: reply.ok, status: reply.status, text: plain(reply, await reply.text())};
  }

  let confirmed = null;
  // Shows the dialog; `work` runs when it is confirmed and returns what is wrong, or nothing.
  function ask({title, yes, danger, body, work}) {
    byId("dialog-title").textContent = title;
    byId("dialog-yes").textContent = yes;
    byId("dialog-yes").classList.toggle("danger", Boolean(danger));
    byId("dialog-yes").disabled = false;
    byId("dialog-error").textContent = "";
    byId("dialog-body").replaceChildren(...body);
    confirmed = work;
    byId("dialog").showModal();
  }
  byId("dialog-no").addEventListener("click", () => byId("dialog").close());
  byId("dialog").addEventListener("close", () => { confirmed = null; byId("dialog-body").replaceChildren(); });
  byId("dialog-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!confirmed) return;
    byId("dialog-yes").disabled = true;
    const work = confirmed;
    const wrong = await work();
    byId("dialog-yes").disabled = false;
    if (work !== confirmed) return;  // closed meanwhile
    if (wrong) byId("dialog-error").textContent = wrong;
    else byId("dialog").close();
  });

  function signIn() {
    const name = h("input", {id: "user", autocomplete: "off", required: true, spellcheck: "false", autocapitalize: "none"});
    const password = h("input", {id: "password", type: "password", autocomplete: "off"});
    ask({
      title: `Sign in to ${me()}`, yes: "Sign in",
      body: [h("p", {}, "User and password of restapi.authentication. This page forgets them when it is closed or loaded again."),
        location.protocol === "http:" ? h("p", {class: "pending"}, "! This connection is not encrypted: the password can be read on the way.") : "",
        h("label", {for: "user"}, "User"), name, h("label", {for: "password"}, "Password"), password].filter(Boolean),
      work: async () => {
        const tried = basic(name.value, password.value);
        try {
          const reply = await send("POST", "dashboard", undefined, tried);
          if (!reply.ok) return `${me()} refuses: ${reply.text}`;
        } catch {
          return `${me()} does not answer`;
        }
        credential = tried;
        user = name.value;
        show();
        return "";
      }});
  }

  function signOut() {
    credential = user = "";
    show();
  }

  async function act(what, method, path, body) {
    busy = what;
    byId("answer").replaceChildren(h("p", {class: "reply unknown"}, `${what}: asked at ${clock(new Date())}, waiting for the answer …`));
    show();
    let line;
    try {
      const reply = await send(method, path, body, credential);
      line = h("p", {class: `reply ${reply.ok ? "good" : "bad"}`}, `${reply.ok ? SIGNS.good : SIGNS.bad} ${what}: ${words(path, reply)} (${reply.status}, ${clock(new Date())})`);
    } catch {
      line = h("p", {class: "reply bad"}, `${SIGNS.bad} ${what}: no answer; whether it took place shows above`);
    }
    busy = "";
    byId("answer").replaceChildren(line);
    for (const source of sources) source.due();
    soon();
    show();
  }
  // Of a changed configuration the whole document comes back.
  const words = (path, reply) => (path === "config" && reply.ok ? "done" : reply.text);

  // `work` begins once the dialog is closed: answers may take a minute.
  const later = (work) => async () => { setTimeout(work, 0); return ""; };

  function switchover() {
    const from = leader();
    const options = members().filter((member) => member !== from && !(member.tags && member.tags.nofailover));
    const best = options.filter((member) => streams(member, newest()));
    const choice = h("select", {id: "candidate"}, ...[...best, ...options.filter((member) => !best.includes(member))].map((member) =>
      h("option", {value: member.name}, `${member.name} (${member.state})`)));
    const consequence = h("p", {});
    const tell = () => {
      consequence.textContent = `${from.name} stops being the primary and ${choice.value} becomes it. Clients of ${from.name} lose their connections, and nothing can be written for some seconds.`;
      byId("dialog-yes").textContent = `Switch over to ${choice.value}`;
    };
    choice.addEventListener("change", tell);
    ask({
      title: `Switch over from ${from.name}`, yes: "",
      body: [h("label", {for: "candidate"}, "New leader"), choice, consequence],
      work: () => {
        const to = choice.value;
        return later(() => act(`Switchover from ${from.name} to ${to}`, "POST", "switchover", {leader: from.name, candidate: to}))();
      }});
    tell();
  }

  function restart() {
    const primary = leader() && leader().name === me();
    ask({
      title: `Restart PostgreSQL on ${me()}`, yes: `Restart ${me()}`, danger: primary,
      body: [h("p", {}, primary ? `${me()} is the leader: all clients lose their connections, and nothing can be written until PostgreSQL is up again.`
        : `Clients of ${me()} lose their connections. The leader is not touched.`)],
      work: later(() => act(`Restart of ${me()}`, "POST", "restart", {}))});
  }

  function reinitialize() {
    const name = me();
    const typed = h("input", {id: "typed", autocomplete: "off", spellcheck: "false", autocapitalize: "none"});
    ask({
      title: `Reinitialize ${name}`, yes: `Delete and copy ${name}`, danger: true,
      body: [h("p", {}, `The data directory of ${name} is deleted and copied anew. Until the copy is complete ${name} serves nobody and cannot take over.`),
        h("label", {for: "typed"}, `Type ${name} to confirm`), typed],
      work: async () => {
        if (typed.value !== name) return `This is not ${name}.`;
        return later(() => act(`Reinitialize ${name}`, "POST", "reinitialize", {}))();
      }});
  }

  function pause(on) {
    ask({
      title: on ? "Pause the cluster" : "Resume the cluster", yes: on ? "Pause" : "Resume",
      body: [h("p", {}, on ? "Maintenance mode: no member takes over when the leader fails, and nobody starts PostgreSQL again, until the cluster is resumed."
        : "Automatic failover is on again: a member that finds no healthy leader takes over.")],
      work: later(() => act(on ? "Pause" : "Resume", "PATCH", "config", {pause: on || null}))});
  }

  function cancelSwitchover() {
    ask({
      title: "Cancel the scheduled switchover", yes: "Cancel the switchover",
      body: [h("p", {}, `The switchover that is scheduled at ${clock(cluster.data.scheduled_switchover.at)} will not take place.`)],
      work: later(() => act("Scheduled switchover", "DELETE", "switchover"))});
  }

  function cancelRestart() {
    ask({
      title: `Cancel the scheduled restart of ${me()}`, yes: "Cancel the restart",
      body: [h("p", {}, `The restart of ${me()} that is scheduled at ${clock(patroni.data.scheduled_restart.schedule)} will not take place.`)],
      work: later(() => act(`Scheduled restart of ${me()}`, "DELETE", "restart"))});
  }

  function showActions() {
    const self = explain.data && explain.data.self;
    const allowed = Boolean(self && self.rest_authentication);
    const blind = cluster.old || daemonSilent();
    let note = "";
    const buttons = [];
    const others = members().filter((member) => member.name !== me() && dashboardOf(member));
    if (!self) {
      note = "";
    } else if (!allowed) {
      note = `No actions here: ${me()} has no restapi.authentication, so that it cannot tell who you are. tamadactl can do everything this page could.`;
    } else if (!credential) {
      note = "Who signs in can switch over, pause, restart and reinitialize.";
      buttons.push(["Sign in …", signIn, ""]);
    } else {
      const plan = cluster.data && cluster.data.scheduled_switchover;
      const leading = leader();
      const primary = leading && leading.name === me();
      note = blind ? "What is shown is old: nothing can be changed from here now." : `Signed in as ${user}.`;
      if (leading && members().some((member) => member !== leading && !(member.tags && member.tags.nofailover))) buttons.push(["Switch over …", switchover, ""]);
      if (plan) buttons.push(["Cancel the scheduled switchover …", cancelSwitchover, ""]);
      const paused = Boolean(cluster.data && cluster.data.pause);
      buttons.push(paused ? ["Resume …", () => pause(false), ""] : ["Pause …", () => pause(true), ""]);
      buttons.push([`Restart PostgreSQL on ${me()} …`, restart, ""]);
      if (patroni.data && patroni.data.scheduled_restart) buttons.push([`Cancel the scheduled restart of ${me()} …`, cancelRestart, ""]);
      if (leading && !primary) buttons.push([`Reinitialize ${me()} …`, reinitialize, "danger"]);
    }
    put("actions-note", [note, others.map((member) => [member.name, member.api_url]), Boolean(credential)], () => [note,
      ...(credential && others.length ? [" Other members are restarted and reinitialized on their own pages: ", ...others.flatMap((member, i) => [i ? ", " : "", linked(member)]), "."] : [])]);
    const off = Boolean(busy) || blind;
    put("buttons", [buttons.map(([label]) => label), off && Boolean(credential), Boolean(credential)], () => [
      ...buttons.map(([label, work, kind]) => h("button", {type: "button", class: kind, disabled: off && Boolean(credential), onclick: work}, label)),
      credential ? h("button", {type: "button", onclick: signOut}, "Sign out") : ""].filter(Boolean));
  }

  // --- the loop

  function show() {
    showVerdict();
    showMembers();
    showSelf();
    showRace();
    showHistory();
    showPast();
    showEvents();
    showActions();
    showFoot();
  }

  let timer = 0;
  function soon() {
    if (!timer) timer = setTimeout(() => { timer = 0; turn(); }, 100);
  }
  function turn() {
    if (!document.hidden) {
      for (const source of sources) source.ask();
      if (retryStream && Date.now() > retryStream) {
        retryStream = 0;
        listen();
      }
    }
    show();
  }

  document.addEventListener("visibilitychange", turn);
  setInterval(turn, 1000);
  listen();
  turn();
})();
