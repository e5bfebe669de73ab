// The alerts: those there were, and each as it comes; seen, judged and written to.

import { $, Problem, call, element, guarded, json, secret, shown, tell } from "/shared.js";
import { cameras, heard, nameOf, whenChanged } from "/cameras.js";
import { ruleName } from "/rules.js";

const PROTOCOL = "videoqa.alerts.v1";
const FIRST_PAUSE = 500, LONGEST_PAUSE = 15000, TRIES = 8;
const known = new Map();
let next = null, after = null, socket = null, pause = FIRST_PAUSE, unseen = 0;

// --- those there were -----------------------------------------------------------------------------------------------

export async function list(from = null) {
  const query = new URLSearchParams({ limit: "20" });
  if ($("of-camera").value) query.set("camera", $("of-camera").value);
  if ($("of-severity").value) query.set("severity", $("of-severity").value);
  if (from) query.set("after", from);
  const page = await json(`/v1/alerts?${query}`);
  if (!from) { known.clear(); $("alerts").replaceChildren(); }
  for (const alert of page.items) put(alert, false);
  next = page.next;
  $("more").hidden = !next;
  $("no-alerts").hidden = known.size > 0;
}

const wanted = (alert) => (!$("of-camera").value || alert.camera === $("of-camera").value)
  && (!$("of-severity").value || alert.severity === $("of-severity").value);

function put(alert, fresh) {
  const before = known.get(alert.id);
  if (!wanted(alert)) return;
  const shows = before ?? card(alert);
  known.set(alert.id, shows);
  shows.fill(alert);
  if (before) return;
  if (fresh) $("alerts").prepend(shows.made);
  else $("alerts").append(shows.made);
  shows.made.classList.toggle("fresh", fresh);
  $("no-alerts").hidden = true;
}

// --- one of them ----------------------------------------------------------------------------------------------------

function card(first) {
  const image = element("img", { alt: "" });
  const still = element("button", { type: "button", className: "still", ariaLabel: "Play" }, image);
  const lasted = element("span", { hidden: true });
  still.append(lasted);
  const severity = element("span", { className: "severity" });
  const title = element("h3"), told = element("p", { className: "hint told" }), described = element("p");
  const remarks = element("div"), said = element("input", { maxLength: 2000, placeholder: "Write to it", ariaLabel: "Remark" });
  const judge = (path, body) => guarded(async () => put(await post(`${first.id}/${path}`, body), false));
  const ack = element("button", { type: "button", className: "small", textContent: "Seen to" });
  const wrong = element("button", { type: "button", className: "quiet small" });
  const keep = element("button", { type: "button", className: "quiet small", textContent: "Keep" });
  const say = element("form", { className: "say" }, said, element("button", { className: "quiet small", textContent: "Write" }));
  const video = element("video", { controls: true, playsInline: true, hidden: true, loop: true });
  const made = element("li", { className: "alert" },
    element("div", { className: "about" }, still, element("div", {}, severity, title, told, described, remarks,
      element("span", { className: "buttons" }, ack, wrong, keep), say)), video);
  made.dataset.id = first.id;
  let alert = first, pictured = "";
  ack.onclick = judge("ack");
  wrong.onclick = () => judge("false-alarm", { false_alarm: !alert.false_alarm })();
  say.onsubmit = guarded(async (event) => {
    event.preventDefault();
    const text = said.value.trim();
    if (text) put(await post(`${first.id}/comment`, { text }), false);
    said.value = "";
  });
  keep.onclick = guarded(async () => { await pin(alert); keep.textContent = "Kept"; keep.disabled = true; });
  still.onclick = guarded(() => play(alert, video));

  function fill(now) {
    alert = now;
    made.className = `alert ${now.severity}${now.acknowledged_by || now.false_alarm ? " judged" : ""}`;
    severity.textContent = now.severity;
    title.textContent = ruleName(now.rule) ?? now.label;
    const sure = now.verdict === "confirmed" ? `confirmed ${Math.round(100 * now.confidence)} %` : now.verdict;
    told.replaceChildren(...[nameOf(now.camera), new Date(now.start).toLocaleString(), sure,
      now.acknowledged_by && `seen to by ${now.acknowledged_by}`, now.false_alarm && "false alarm"]
      .filter(Boolean).map((part) => element("span", { textContent: part })));
    described.textContent = now.description;
    described.hidden = !now.description || now.description === title.textContent;
    remarks.replaceChildren(...now.remarks.map(({ author, text }) =>
      element("p", { className: "remark", textContent: `${author}: ${text}` })));
    ack.hidden = Boolean(now.acknowledged_by);
    wrong.textContent = now.false_alarm ? "No false alarm" : "False alarm";
    lasted.hidden = false;
    lasted.textContent = now.state === "open" ? "now" : length(Date.parse(now.end) - Date.parse(now.start));
    still.disabled = keep.hidden = !now.clip_url;
    if (now.snapshot_url && now.snapshot_url !== pictured) picture(pictured = now.snapshot_url, image);
  }
  return { made, fill };
}

const length = (ms) => ms < 90000 ? `${Math.max(1, Math.round(ms / 1000))} s` : `${Math.round(ms / 60000)} min`;

const post = async (path, body = {}) => (await call(`/v1/alerts/${path}`, { method: "POST", body: JSON.stringify(body),
  headers: { "Content-Type": "application/json" } })).json();

// Its recording stays then, however long its camera's footage is kept.
async function pin(alert) {
  const clip = new URL(alert.clip_url, location.origin).searchParams;
  const body = { start: Number(clip.get("from")), end: Number(clip.get("to")), note: alert.description.slice(0, 2000) };
  await call(`/v1/recordings/${encodeURIComponent(alert.recording)}/pins`, { method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" } });
}

// What was filmed a moment ago is on the disk a moment later.
async function picture(path, image, tries = TRIES) {
  try {
    const { url } = await shown(path);
    image.onload = () => URL.revokeObjectURL(url);
    image.src = url;
  } catch {
    if (tries) setTimeout(() => picture(path, image, tries - 1), 2000);
  }
}

async function play(alert, video, anew = false) {
  if (!video.hidden && !anew) { video.pause(); video.hidden = true; return; }
  const { url } = await shown(`${alert.clip_url}${anew ? "&anew=true" : ""}`);
  const before = video.src;
  // A codec that this browser does not know is encoded anew for it.
  video.onerror = () => anew ? tell(new Problem(0, { detail: "This browser cannot play the clip." }))
    : play(alert, video, true).catch(tell);
  video.src = url;
  video.hidden = false;
  if (before) URL.revokeObjectURL(before);
  video.play().catch(() => {});
}

// --- each as it comes -----------------------------------------------------------------------------------------------

export function follow() {
  socket?.close();
  const query = after === null ? "" : `?after_seq=${after}`;
  const mine = socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/alerts/ws${query}`, [PROTOCOL]);
  let refused = false;
  mine.onopen = () => {
    if (secret()) mine.send(JSON.stringify({ type: "auth", key: secret() }));
    line("good", "live");
  };
  mine.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "error") { refused = message.code === "key-needed"; tell(new Problem(refused ? 401 : 0, message)); }
    else pause = FIRST_PAUSE;
    after = message.seq ?? message.last_seq ?? after;
    if (message.alert) came(message);
    if (message.camera) heard(message.camera);
    if (message.type === "replay.truncated") list().catch(tell);
  };
  mine.onclose = () => {
    // Another one took its place, or another key is asked for.
    if (mine !== socket || refused) return;
    line("warn", "reconnecting");
    setTimeout(() => {
      if (mine !== socket) return;
      if (after === null) list().catch(() => {});
      follow();
    }, pause * (0.5 + Math.random() / 2));
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  };
}

function came({ type, alert }) {
  put(alert, type === "alert.new");
  if (type === "alert.new" && document.hidden) document.title = `(${++unseen}) videoqa cameras`;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) { unseen = 0; document.title = "videoqa cameras"; }
});

function line(kind, text) {
  $("line").className = `chip ${kind}`;
  $("line").textContent = text;
}

whenChanged(() => {
  const chosen = $("of-camera").value;
  $("of-camera").replaceChildren(element("option", { value: "", textContent: "all cameras" }),
    ...[...cameras.values()].map(({ id, name }) => element("option", { value: id, textContent: name })));
  $("of-camera").value = cameras.has(chosen) ? chosen : "";
});
$("of-camera").onchange = guarded(() => list());
$("of-severity").onchange = guarded(() => list());
$("more").onclick = guarded(() => list(next));
