// The page at `/`: recordings, questions, and the moments that answer them, over the same API that everybody has.

import {
  $, Problem, call, clock, element, events, guarded, headers, json, quiet, seconds, shown, still, tell, withKey,
} from "/shared.js";

const BEFORE = 2, AFTER = 4, LONGEST = 120;
const POLL = 2500;

// --- playing --------------------------------------------------------------------------------------------------------

let playing = null;
let loading = null;

const play = guarded(async (recording, start, end, anew = false) => {
  quiet();
  loading?.abort();
  loading = new AbortController();
  const from = Math.max(0, start - BEFORE), to = Math.min(Math.max(end, start + 1) + AFTER, from + LONGEST);
  $("player").hidden = false;
  $("playing").textContent = `${recording.title} · loading ${clock(start)}…`;
  $("player").scrollIntoView({ behavior: "smooth", block: "nearest" });
  const clip = await shown(
    `/v1/recordings/${encodeURIComponent(recording.id)}/clip?from=${seconds(from)}&to=${seconds(to)}&anew=${anew}`,
    loading.signal);
  const zero = Number(clip.headers.get("X-Clip-Start"));
  playing = { recording, start, end };
  const video = $("video");
  const before = video.src;
  video.onloadedmetadata = () => { video.currentTime = Math.max(0, start - zero); };
  // A codec that this browser does not know is encoded anew for it.
  video.onerror = () => anew
    ? tell(new Problem(0, { detail: "This browser cannot play the clip." })) : play(recording, start, end, true);
  video.src = clip.url;
  if (before) URL.revokeObjectURL(before);
  $("playing").textContent = `${recording.title} · ${clock(start)}–${clock(end)}`;
  video.play().catch(() => {});
});

const shift = (by) => playing && play(
  playing.recording, Math.max(0, playing.start + by), Math.max(1, playing.end + by));

$("earlier").onclick = () => shift(-30);
$("later").onclick = () => shift(30);
$("close").onclick = () => { $("video").pause(); $("player").hidden = true; };

// --- questions ------------------------------------------------------------------------------------------------------

let chosen = null;
let asking = null;

$("ask").onsubmit = guarded(async (submitted) => {
  submitted.preventDefault();
  quiet();
  asking?.abort();
  asking = new AbortController();
  for (const id of ["told", "moments", "notes"]) $(id).replaceChildren();
  $("answer").hidden = false;
  $("stage").textContent = "Looking…";
  const asked = { question: $("question").value, stream: true };
  if (chosen) asked.recordings = [chosen.id];
  try {
    const answer = await call("/v1/ask", {
      method: "POST",
      body: JSON.stringify(asked),
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      signal: asking.signal,
    });
    for await (const { name, data } of events(answer.body)) heard(name, data);
  } catch (error) {
    $("stage").textContent = "";
    if (!$("told").textContent) $("answer").hidden = error.name !== "AbortError";
    throw error;
  }
});

function heard(name, data) {
  if (name === "token") $("told").append(`${$("told").textContent ? " " : ""}${data.text}`);
  if (name === "proposed") $("stage").textContent = `Looking at ${data.moment.recording.title}, ${clock(data.moment.start)}…`;
  if (name === "problem") throw new Problem(data.status, data);
  if (name !== "final") return;
  $("stage").textContent = "";
  $("told").replaceChildren(...withMoments(data.answer ?? "Not found in what was looked at.", data.moments));
  $("moments").replaceChildren(...data.moments.map((moment, at) => momentOf(moment, at + 1)));
  $("notes").replaceChildren(...data.notes.map((note) => element("li", { textContent: note })));
}

function withMoments(text, moments) {
  return text.split(/(\[\d+\])/).map((part) => {
    const moment = moments[Number(part.match(/^\[(\d+)\]$/)?.[1]) - 1];
    if (!moment) return part;
    const label = `Play ${moment.recording.title} at ${clock(moment.start)}`;
    return element("button", { type: "button", textContent: part.slice(1, -1), ariaLabel: label, title: label,
      onclick: () => play(moment.recording, moment.start, moment.end) });
  });
}

function momentOf(moment, number) {
  const begin = () => play(moment.recording, moment.start, moment.end);
  const when = moment.happened_at ? new Date(moment.happened_at).toLocaleString() : "";
  const offset = `${moment.recording.title} · ${clock(moment.start)}–${clock(moment.end)}`;
  // Of a camera one wants to know when; its recordings follow one another.
  const where = moment.camera ? [moment.camera.name, when, offset] : [offset, when];
  return element("li", { className: "moment" },
    still(moment.thumbnail, `Play moment ${number}`, clock(moment.start), begin),
    element("div", {},
      element("p", { className: "hint",
        textContent: `[${number}] ${where.filter(Boolean).join(" · ")}` }),
      element("p", { textContent: moment.text.length > 300 ? `${moment.text.slice(0, 300)}…` : moment.text })));
}

function choose(recording) {
  chosen = chosen?.id === recording?.id ? null : recording;
  $("about").hidden = !chosen;
  $("about").replaceChildren();
  if (chosen) {
    $("about").append(`Only in ${chosen.title}. `, element("button", { type: "button", className: "quiet",
      textContent: "Everywhere", onclick: () => choose(null) }));
    $("question").focus();
  }
  for (const card of $("recordings").children) card.classList.toggle("chosen", card.dataset.id === chosen?.id);
}

// --- recordings -----------------------------------------------------------------------------------------------------

const cards = new Map();
let next = null;
let polling = 0;

const list = guarded(async (after) => {
  const query = new URLSearchParams({ limit: "24" });
  if ($("filter").value) query.set("title", $("filter").value);
  if (after) query.set("after", after);
  const page = await json(`/v1/recordings?${query}`);
  if (!after) { cards.clear(); $("recordings").replaceChildren(); }
  for (const recording of page.items) $("recordings").append(card(recording));
  next = page.next;
  $("more").hidden = !next;
  $("empty").hidden = cards.size > 0 || $("filter").value !== "";
  watch();
});

function card(recording) {
  const id = encodeURIComponent(recording.id);
  const state = element("span", { className: "hint" });
  const bar = element("progress", { max: 1, hidden: true });
  const readable = recording.state !== "failed";
  const made = element("li", { className: "card" },
    still(readable && `/v1/recordings/${id}/thumbnail?width=480`, `Play ${recording.title}`,
      recording.length ? clock(recording.length) : "", () => play(recording, 0, Math.min(60, recording.length || 60))),
    element("div", { className: "text" }, element("b", { textContent: recording.title }), state, bar,
      element("button", { type: "button", className: "quiet", textContent: "Ask about it", hidden: !readable,
        onclick: () => choose(recording) })));
  made.dataset.id = recording.id;
  cards.set(recording.id, { recording, state, bar, made });
  standing(recording);
  return made;
}

function standing(recording) {
  const { state, bar } = cards.get(recording.id);
  const under = recording.state === "queued" || recording.state === "indexing";
  const began = recording.started_at ? new Date(recording.started_at).toLocaleString() : "";
  state.className = `hint ${recording.state}`;
  state.textContent = recording.state === "failed"
    ? recording.problems.at(-1) ?? "It could not be indexed."
    : [under && recording.state, began, ...recording.tags].filter(Boolean).join(" · ");
  state.title = state.textContent;
  bar.hidden = !under;
  if (recording.state === "queued") bar.removeAttribute("value");
}

// How far the work on one recording has come is told as events; which recordings are under way, by looking now and then.
const followed = new Set();

function watch() {
  clearTimeout(polling);
  const under = [...cards.values()].filter(({ recording }) => ["queued", "indexing"].includes(recording.state));
  for (const { recording } of under) follow(recording).catch(() => {});
  if (under.length) polling = setTimeout(watch, POLL);
}

async function follow(recording) {
  if (followed.has(recording.id) || followed.size >= 3) return;
  followed.add(recording.id);
  try {
    const answer = await call(`/v1/recordings/${encodeURIComponent(recording.id)}/progress`);
    for await (const { name, data } of events(answer.body)) {
      const known = cards.get(recording.id);
      if (name === "progress" && known) {
        known.bar.value = data.done;
        known.state.textContent = `${data.stage} ${Math.round(data.done * 100)} %`;
      }
      if (name === "end") break;
    }
    const now = await json(`/v1/recordings/${encodeURIComponent(recording.id)}`);
    const known = cards.get(recording.id);
    if (known) { const fresh = known.made; fresh.replaceWith(card(now)); }
  } finally {
    followed.delete(recording.id);
  }
}

// --- bringing footage -----------------------------------------------------------------------------------------------

// `fetch` does not tell how much of a body has left; this does.
function sent(file, told) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("title", file.name);
    form.append("file", file, file.name);
    request.open("POST", "/v1/recordings");
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => told(loaded / total);
    request.onload = () => request.status < 300 ? resolve(request.response)
      : reject(new Problem(request.status, request.response));
    request.onerror = () => reject(new Problem(0, { detail: `${file.name} was cut off; add it again.` }));
    request.send(form);
  });
}

const bring = async (files) => {
  quiet();
  for (const file of files) {
    const bar = element("progress", { max: 1, value: 0 });
    const line = element("li", {}, `${file.name} `, bar);
    $("uploads").append(line);
    try {
      await sent(file, (share) => { bar.value = share; });
    } catch (error) {
      tell(error);
    }
    line.remove();
    await list();
  }
};

$("files").onchange = (event) => { bring([...event.target.files]); event.target.value = ""; };
addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  bring([...event.dataTransfer.files]);
});

let typing = 0;
$("filter").oninput = () => { clearTimeout(typing); typing = setTimeout(() => list(), 250); };
$("more").onclick = () => list(next);
withKey(() => list());
