// What both pages need: the service, its key, and a few elements.

const KEY = "videoqa-key";
export const $ = (id) => document.getElementById(id);

// --- asking the service ---------------------------------------------------------------------------------------------

export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? `The service answered ${status}.`);
    this.status = status;
    this.code = body?.code ?? "";
  }
}

export const headers = () => secret() ? { Authorization: `Bearer ${secret()}` } : {};

export async function call(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { ...headers(), ...options.headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The service does not answer; is `videoqa serve` running?" });
  }
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => null));
  return answer;
}

export const json = async (path, options) => (await call(path, options)).json();

// An element cannot send a key, so what it shows is fetched for it.
export async function shown(path, signal) {
  const answer = await call(path, { signal });
  return { url: URL.createObjectURL(await answer.blob()), headers: answer.headers };
}

export function tell(error) {
  if (error?.name === "AbortError") return;
  if (error?.status === 401) askForKey();
  $("problem").textContent = error?.message ?? String(error);
  $("problem").hidden = false;
}

export const quiet = () => { $("problem").hidden = true; };
export const guarded = (work) => async (...args) => { try { return await work(...args); } catch (error) { tell(error); } };

// --- small things ---------------------------------------------------------------------------------------------------

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part).padStart(2, "0"));
  return (whole >= 3600 ? `${Math.floor(whole / 3600)}:` : "") + parts.join(":");
}

export const seconds = (number) => number.toFixed(3);

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    shown(target.dataset.path).then(({ url }) => { target.src = url; }, () => {});
  }
}, { rootMargin: "200px" });

export function still(path, label, caption, play) {
  // Without a source it is not to be drawn as a broken picture; unseen it would not be observed.
  const image = element("img", { alt: "" });
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  if (path) {
    image.dataset.path = path;
    seen.observe(image);
  }
  const button = element("button", { type: "button", className: "still", onclick: play, ariaLabel: label }, image);
  if (caption) button.append(element("span", { textContent: caption }));
  return button;
}

// --- events ---------------------------------------------------------------------------------------------------------

export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop();
    for (const block of blocks) {
      const fields = block.split(/\r?\n/).map((line) => line.match(/^(\w+): ?(.*)$/)).filter(Boolean);
      const data = fields.filter(([, name]) => name === "data").map(([, , value]) => value).join("\n");
      const name = fields.find(([, field]) => field === "event")?.[2];
      if (name && data) yield { name, data: JSON.parse(data) };
    }
  }
}

// --- keys -----------------------------------------------------------------------------------------------------------

export const secret = () => sessionStorage.getItem(KEY) ?? "";

function askForKey() {
  if (!$("key-dialog").open) $("key-dialog").showModal();
}

// What `begin` shows is shown anew with another key.
export function withKey(begin) {
  $("key").onclick = askForKey;
  $("key-cancel").onclick = () => $("key-dialog").close();
  $("key-form").onsubmit = (event) => {
    event.preventDefault();
    const given = $("secret").value.trim();
    if (given) sessionStorage.setItem(KEY, given);
    else sessionStorage.removeItem(KEY);
    $("secret").value = "";
    $("key-dialog").close();
    quiet();
    begin();
  };
  begin();
}
