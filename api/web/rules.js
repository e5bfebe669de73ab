// The rules: which there are, switching them, and adding one with its zone drawn on what the camera shows.

import { $, call, element, guarded, json, shown } from "/shared.js";
import { cameras, nameOf, pathOf, whenChanged } from "/cameras.js";
import { Drawing } from "/drawing.js";

const KINDS = { motion: "motion", crossing: "crossing a line", stillness: "stillness", text: "text", covered: "covered",
  turned: "turned away", described: "described" };
const WHOLE = ["covered", "turned"];
const HINTS = { line: "Click twice: the arrow shows which way is told of.",
  zone: "Click around the zone, or leave it for the whole picture." };
const rules = new Map();
const form = $("rule-form"), dialog = $("rule-dialog"), problem = form.querySelector(".problem");
const image = $("drawing").querySelector("img");
const drawing = new Drawing($("drawing"), () => { $("undo").disabled = $("clear").disabled = !drawing.points.length; });

export const ruleName = (id) => rules.get(id)?.name;

export async function list() {
  const { items } = await json("/v1/rules");
  rules.clear();
  for (const rule of items) rules.set(rule.id, rule);
  $("rules").replaceChildren(...items.map(card));
  $("no-rules").hidden = items.length > 0;
}

function card(rule) {
  const where = rule.cameras.length ? rule.cameras.map(nameOf).join(", ") : "every camera";
  const when = rule.schedule && `${rule.schedule.start.slice(0, 5)}–${rule.schedule.end.slice(0, 5)} ${rule.schedule.zone}`;
  const zone = rule.condition.zone.length && "in a zone";
  const told = [KINDS[rule.condition.kind] ?? rule.condition.kind, zone, where, when, rule.severity].filter(Boolean);
  const made = element("li", { className: `rule${rule.enabled ? "" : " off"}` },
    element("b", { textContent: rule.name }), element("p", { className: "hint", textContent: told.join(" · ") }));
  made.dataset.id = rule.id;
  if (rule.needs) made.append(element("p", { className: "needs", textContent: `Gives no alerts yet: needs ${rule.needs.replaceAll("`", "")}.` }));
  const path = `/v1/rules/${encodeURIComponent(rule.id)}`;
  made.append(element("span", { className: "buttons" },
    element("button", { type: "button", className: "quiet small", textContent: rule.enabled ? "Switch off" : "Switch on",
      onclick: guarded(async () => { await sent(path, "PATCH", { enabled: !rule.enabled }); await list(); }) }),
    element("button", { type: "button", className: "quiet small", textContent: "Remove", onclick: guarded(async () => {
      if (!confirm(`Remove the rule ${rule.name}? Its alerts stay.`)) return;
      await call(path, { method: "DELETE" });
      await list();
    }) })));
  return made;
}

const sent = (path, method, body) =>
  call(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

// --- adding one -----------------------------------------------------------------------------------------------------

function begin(camera) {
  form.reset();
  problem.hidden = true;
  if (cameras.has(camera)) form.camera.value = camera;
  dialog.showModal();
  choose();
  look();
}

// What the kind of rule has use for.
function choose() {
  const kind = form.kind.value;
  const worded = kind === "described" || kind === "text";
  $("text-field").hidden = !worded;
  $("text-field").querySelector("span").textContent = kind === "text" ? "What can be read" : "In plain language";
  form.text.required = worded;
  form.text.placeholder = kind === "text" ? "EXIT" : "a person climbs the fence";
  for (const id of ["drawing", "drawing-tools"]) $(id).hidden = WHOLE.includes(kind);
  drawing.most = kind === "crossing" ? 2 : 64;
  $("drawing-hint").textContent = drawing.line ? HINTS.line : HINTS.zone;
  if (kind === "stillness" && form.lasting.value === "0") form.lasting.value = "60";
  drawing.set([]);
}

async function look() {
  image.removeAttribute("src");
  const camera = cameras.get(form.camera.value);
  if (!camera) return;
  try {
    const { url } = await shown(`${pathOf(camera)}/snapshot`);
    image.onload = () => { URL.revokeObjectURL(url); drawing.draw(); };
    image.src = url;
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
}

function described() {
  const { camera, kind, text, severity, from, to, cooldown, lasting } = Object.fromEntries(new FormData(form));
  const drawn = drawing.whole && !WHOLE.includes(kind) ? drawing.points : [];
  const condition = { kind, lasting: Number(lasting) };
  if (kind === "described" || kind === "text") condition.text = text;
  condition[drawing.line ? "line" : "zone"] = drawn;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return { condition, cameras: [camera], severity, cooldown: Number(cooldown),
    schedule: from && to ? { start: from, end: to, zone } : null };
}

export function prepareAdding() {
  $("add-rule").onclick = () => begin($("of-camera").value);
  addEventListener("add-rule", ({ detail }) => begin(detail));
  form.kind.onchange = choose;
  form.camera.onchange = look;
  form.querySelector("[value=cancel]").onclick = () => dialog.close();
  $("undo").onclick = () => drawing.set(drawing.points.slice(0, -1));
  $("clear").onclick = () => drawing.set([]);
  form.onsubmit = async (event) => {
    event.preventDefault();
    try {
      await sent("/v1/rules", "POST", described());
      dialog.close();
      await list();
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  };
  whenChanged(() => {
    form.camera.replaceChildren(...[...cameras.values()].map(({ id, name }) =>
      element("option", { value: id, textContent: name })));
    $("add-rule").disabled = !cameras.size;
  });
}
