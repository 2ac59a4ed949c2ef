// What a script adds to the console: keys, a running clock of the case at hand, and being told aloud.
// Every button is a form; without this file the console works by ordinary posts.
"use strict";

const STORE = "motcua.keys";
const ONLY_WITH_OFF_SWITCH = /^(F\d{1,2}|(Ctrl\+|Alt\+|Shift\+)+.+)$/;
const workspace = document.getElementById("workspace");
const panel = document.getElementById("keys");
const rows = [...panel.querySelectorAll("tr[data-action]")];
const onSwitch = document.getElementById("keys-on");
const announcer = document.getElementById("announcer");
const lost = document.getElementById("lost");

// ---- keys --------------------------------------------------------------------------------------------------

const keys = { on: true, of: {} };

function readKeys() {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(STORE)) ?? {};
  } catch {
    kept = {}; // Unreadable or forbidden storage means the keys as at first.
  }
  keys.on = kept.on !== false;
  for (const row of rows) {
    keys.of[row.dataset.action] = kept.of?.[row.dataset.action] ?? row.dataset.default;
  }
}

function keepKeys() {
  try {
    localStorage.setItem(STORE, JSON.stringify(keys));
  } catch {
    // A browser that keeps nothing still has the keys until the page is left.
  }
}

function nameOf(event) {
  if (["Control", "Alt", "Shift", "Meta"].includes(event.key)) return "";
  // The physical key: an Alt combination types another letter on many layouts, and under a Vietnamese typing method.
  const key = /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : /^Digit\d$/.test(event.code) ? event.code.slice(5) : event.key;
  return (event.ctrlKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "") + (event.shiftKey ? "Shift+" : "") + key;
}

function showKeys() {
  onSwitch.checked = keys.on;
  for (const row of rows) row.querySelector("kbd").textContent = keys.of[row.dataset.action];
  for (const element of workspace.querySelectorAll("[data-shortcut]")) {
    if (keys.on) element.setAttribute("aria-keyshortcuts", keys.of[element.dataset.shortcut]);
    else element.removeAttribute("aria-keyshortcuts");
  }
  for (const hint of workspace.querySelectorAll("[data-key-of]")) {
    hint.hidden = !keys.on;
    hint.textContent = keys.of[hint.dataset.keyOf];
  }
}

let asking = null; // The row whose new key is awaited.

function stopAsking() {
  if (!asking) return;
  const button = asking.querySelector("button");
  button.firstChild.textContent = button.dataset.label;
  asking = null;
}

document.addEventListener("keydown", (event) => {
  const pressed = nameOf(event);
  if (asking) {
    if (pressed === "Escape" || pressed === "Tab") return stopAsking();
    // A bare letter would fire while somebody dictates or types (WCAG 2.1.4).
    if (!ONLY_WITH_OFF_SWITCH.test(pressed)) return;
    event.preventDefault();
    const taken = rows.find((row) => keys.of[row.dataset.action] === pressed);
    if (taken) keys.of[taken.dataset.action] = keys.of[asking.dataset.action];
    keys.of[asking.dataset.action] = pressed;
    stopAsking();
    keepKeys();
    showKeys();
    return;
  }
  if (!keys.on || !pressed || event.repeat) return;
  const action = Object.keys(keys.of).find((name) => keys.of[name] === pressed);
  if (!action) return;
  const element = workspace.querySelector(`[data-shortcut="${action}"]`);
  event.preventDefault();
  if (!element) return;
  element.focus();
  if (element instanceof HTMLButtonElement && !element.disabled) element.click();
});

for (const row of rows) {
  const button = row.querySelector("button");
  button.dataset.label = button.firstChild.textContent;
  button.addEventListener("click", () => {
    stopAsking();
    asking = row;
    button.firstChild.textContent = button.dataset.press;
  });
}
onSwitch.addEventListener("change", () => {
  keys.on = onSwitch.checked;
  keepKeys();
  showKeys();
});
document.getElementById("keys-default").addEventListener("click", () => {
  keys.on = true;
  for (const row of rows) keys.of[row.dataset.action] = row.dataset.default;
  keepKeys();
  showKeys();
});

// ---- the clock of the case at hand -------------------------------------------------------------------------

function showElapsed() {
  for (const element of workspace.querySelectorAll("[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(element.dataset.since)) / 1000));
    element.textContent = `(${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")})`;
  }
}

// ---- after each new state ----------------------------------------------------------------------------------

let focusedBefore = "";
let postedFrom = "";
let said = workspace.querySelector(".desk")?.dataset.announce ?? "";

// What the hand was on: the same button if it is still there, else the first move that is possible now.
// A button that posts is disabled until the answer, and a disabled button loses the focus: remember it before.
const idInHand = () => (workspace.contains(document.activeElement) ? document.activeElement.id || "?" : "");
// Silent devices and long waits renew themselves beside the work and leave the hand where it is.
const besideTheWork = (event) => ["devices", "alarms"].includes(event.target.id);
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!besideTheWork(event)) postedFrom = idInHand();
});
for (const name of ["htmx:beforeSwap", "htmx:sseBeforeMessage"]) {
  document.addEventListener(name, (event) => {
    if (!besideTheWork(event)) focusedBefore = idInHand() || postedFrom;
  });
}

document.addEventListener("htmx:afterSwap", (event) => {
  if (besideTheWork(event)) return;
  showKeys();
  showElapsed();
  const desk = workspace.querySelector(".desk");
  if (desk.dataset.announce !== said) announcer.textContent = said = desk.dataset.announce;
  if (focusedBefore) {
    const again = document.getElementById(focusedBefore) ?? workspace.querySelector(".moves button");
    again?.focus({ preventScroll: true });
  }
  focusedBefore = postedFrom = "";
});

// An answer from an earlier state never replaces a later one: a slow post may be overtaken by the stream.
document.addEventListener("htmx:sseBeforeMessage", (event) => {
  const coming = /data-revision="(\d+)"/.exec(event.detail.data ?? "");
  const shown = workspace.querySelector(".desk")?.dataset.revision;
  if (coming && shown && Number(coming[1]) < Number(shown)) event.preventDefault();
});

for (const name of ["htmx:sseOpen", "htmx:afterOnLoad"]) document.addEventListener(name, () => (lost.hidden = true));
for (const name of ["htmx:sseError", "htmx:sendError"]) document.addEventListener(name, () => (lost.hidden = false));

panel.hidden = false;
readKeys();
showKeys();
showElapsed();
setInterval(showElapsed, 1000);
