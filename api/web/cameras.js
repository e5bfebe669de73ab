// The cameras: what each shows now, how it is, and adding one.

import { $, call, element, guarded, json, shown } from "/shared.js";

const LOOK = 1000, LOOK_AGAIN = 10000, ASK = 4000, OLD = 15;
const CHIPS = { online: "good", starting: "", off: "", stalled: "warn" };
export const cameras = new Map();
const tiles = new Map();
const seen = new Set();
const told = [];
const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) seen[isIntersecting ? "add" : "delete"](target.dataset.id);
});

export const pathOf = (camera) => `/v1/cameras/${encodeURIComponent(camera.id)}`;
export const nameOf = (id) => cameras.get(id)?.name ?? id;
export const whenChanged = (listener) => told.push(listener);

export async function list() {
  const { items } = await json("/v1/cameras");
  const before = [...cameras.keys()].join("\n");
  cameras.clear();
  for (const camera of items) cameras.set(camera.id, camera);
  if ([...cameras.keys()].join("\n") !== before || !tiles.size) build();
  for (const camera of items) standing(camera);
  $("no-cameras").hidden = items.length > 0;
}

// How a camera is, as the feed tells it.
export function heard(status) {
  const camera = cameras.get(status.id);
  if (!camera) return;
  if (status.state === "removed") {
    cameras.delete(status.id);
    build();
    for (const other of cameras.values()) standing(other);
    $("no-cameras").hidden = cameras.size > 0;
    return;
  }
  camera.status = status;
  standing(camera);
}

function build() {
  tiles.clear();
  seen.clear();
  watcher.disconnect();
  $("cameras").replaceChildren(...[...cameras.values()].map(tile));
  for (const listener of told) listener();
}

function tile(camera) {
  const image = element("img", { alt: `What ${camera.name} shows` });
  const age = element("span", { hidden: true });
  const still = element("div", { className: "still" }, image,
    element("p", { textContent: "No picture yet" }), age);
  const chip = element("span", { className: "chip" });
  const hint = element("span", { className: "hint" });
  const made = element("li", { className: "card" }, still, element("div", { className: "text" },
    element("div", { className: "row" }, element("b", { textContent: camera.name }), chip), hint,
    element("span", { className: "buttons" },
      element("button", { type: "button", className: "quiet small", textContent: "Add rule",
        onclick: () => dispatchEvent(new CustomEvent("add-rule", { detail: camera.id })) }),
      element("button", { type: "button", className: "quiet small", textContent: "Remove",
        onclick: guarded(() => remove(camera)) }))));
  made.dataset.id = camera.id;
  tiles.set(camera.id, { image, age, still, chip, hint, due: 0 });
  watcher.observe(made);
  return made;
}

function standing(camera) {
  const { chip, hint } = tiles.get(camera.id);
  const state = camera.enabled ? camera.status?.state ?? "starting" : "off";
  chip.className = `chip ${CHIPS[state] ?? "bad"}`;
  chip.textContent = state;
  const size = camera.status?.width ? `${camera.status.width}×${camera.status.height} ${camera.status.codec}` : "";
  hint.textContent = camera.status?.problem || size || camera.url;
  hint.title = camera.url;
}

async function remove(camera) {
  if (!confirm(`Remove ${camera.name}? What it recorded stays.`)) return;
  await call(pathOf(camera), { method: "DELETE" });
  await list();
}

// A picture a second of every camera that is on the screen; `fetch` asks for one that is the same by its ETag alone.
async function look() {
  const now = Date.now();
  const live = (id) => cameras.get(id)?.status?.state === "online";
  const due = document.hidden ? [] : [...seen].filter((id) => tiles.has(id) && (live(id) || tiles.get(id).due <= now));
  await Promise.all(due.map(async (id) => {
    const { image, age, still } = tiles.get(id);
    tiles.get(id).due = now + LOOK_AGAIN;
    try {
      const { url, headers } = await shown(`${pathOf({ id })}/snapshot`);
      const taken = Date.parse(headers.get("Last-Modified"));
      const seconds = Math.max(0, Math.round((Date.now() - taken) / 1000));
      image.onload = () => URL.revokeObjectURL(url);
      image.src = url;
      still.classList.toggle("old", seconds > OLD);
      age.hidden = seconds <= OLD;
      age.textContent = new Date(taken).toLocaleString();
    } catch {
      // Why there is none stands below it.
      still.classList.add("old");
    }
  }));
  setTimeout(look, LOOK);
}

export function watch() {
  const again = () => list().catch(() => {}).finally(() => setTimeout(again, ASK));
  setTimeout(again, ASK);
  look();
}

export function prepareAdding() {
  const form = $("camera-form"), dialog = $("camera-dialog"), problem = form.querySelector(".problem");
  $("add-camera").onclick = () => { form.reset(); problem.hidden = true; dialog.showModal(); };
  form.querySelector("[value=cancel]").onclick = () => dialog.close();
  form.onsubmit = async (event) => {
    event.preventDefault();
    const { name, url, keep } = Object.fromEntries(new FormData(form));
    const body = { name, url, keep: keep ? Number(keep) * 86400 : null };
    try {
      await call("/v1/cameras", { method: "POST", body: JSON.stringify(body),
        headers: { "Content-Type": "application/json" } });
      dialog.close();
      form.reset();
      await list();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  };
}
