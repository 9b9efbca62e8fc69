// How the cluster is: the headline, the members, what this member does.

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
    if (!cluster.failure && Date.now() - inSight < OLD_AFTER) return {level: "unknown", words: "Asking …", notices};
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
      lines.push(h("li", {class: "pending"}, change && "new_value" in Object(change) ? `${name}: ${text(change.old_value)} → ${text(change.new_value)}` : name));
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
      member.name === me() ? " " : "", member.name === me() ? h("span", {class: "here quiet"}, "(this page)") : "",
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
