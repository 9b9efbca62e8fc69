// What can be done, after signing in.

// --- actions: the password is kept here and nowhere else, and goes with requests that change something

let credential = "";
let user = "";
let busy = "";

function basic(name, password) {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

async function send(method, path, body, authorization) {
  const reply = await fetch(BASE + path, {
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
byId("dialog").addEventListener("close", () => {
  if (byId("dialog").open) return;  // the event comes late: the next question is there already
  confirmed = null;
  byId("dialog-body").replaceChildren();
});
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
    if (reply.status === 401) signOut();  // another password by now
    line = h("p", {class: `reply ${reply.ok ? "good" : "bad"}`}, `${reply.ok ? SIGNS.good : SIGNS.bad} ${what}: ${words(path, reply)} (${reply.status}, ${clock(new Date())})`);
  } catch {
    line = h("p", {class: "reply bad"}, `${SIGNS.bad} ${what}: no answer; whether it took place shows above`);
  }
  busy = "";
  byId("answer").replaceChildren(line);
  for (const source of asked()) source.due();
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
  const primary = Boolean(leader() && leader().name === me());
  // What was asked about is what is restarted: who has become the leader meanwhile refuses.
  const role = primary ? (leader().role === "standby_leader" ? "standby_leader" : "primary") : "replica";
  ask({
    title: `Restart PostgreSQL on ${me()}`, yes: `Restart ${me()}`, danger: primary,
    body: [h("p", {}, primary ? `${me()} is the leader: all clients lose their connections, and nothing can be written until PostgreSQL is up again.`
      : `Clients of ${me()} lose their connections. The leader is not touched.`)],
    work: later(() => act(`Restart of ${me()}`, "POST", "restart", {role}))});
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
