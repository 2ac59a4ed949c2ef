// A hall's screen says that it lives, so that the console can tell when it does not. It is enrolled by opening the
// board with the leader's code behind the address: `/board/<centre>#7K3Q-92XM`. What stands behind a # is sent nowhere.
"use strict";

const DEVICE = "motcua.device";
const BEAT_MS = 30_000;
const CODE = /^#([0-9A-Za-z]{4}-?[0-9A-Za-z]{4})$/;

async function send(path, body, token) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(8_000),
  });
}

function keptDevice() {
  try {
    return JSON.parse(localStorage.getItem(DEVICE));
  } catch {
    return null; // Unreadable or forbidden storage: a screen like anybody's.
  }
}

async function enrol() {
  const code = CODE.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  const answer = await send("/v1/auth/device/enrol", { code });
  if (!answer.ok) return;
  const { device_id, key } = await answer.json();
  localStorage.setItem(DEVICE, JSON.stringify({ device_id, key }));
}

let token = "";

// One heartbeat; a new sign-in when the old one ended. Who is not let in any more was revoked, and is silent.
async function pulse() {
  const device = keptDevice();
  if (!device) return;
  if (token && (await send("/v1/device/heartbeat", { status: "ok" }, token)).status !== 401) return;
  token = "";
  const answer = await send("/v1/auth/device", device);
  if (answer.status === 401) return localStorage.removeItem(DEVICE);
  if (!answer.ok) return;
  token = (await answer.json()).access_token;
  await send("/v1/device/heartbeat", { status: "ok" }, token);
}

// A server that is away is asked again with the next beat.
const attempt = (work) => work().catch(() => undefined);

attempt(enrol).then(() => {
  attempt(pulse);
  setInterval(() => attempt(pulse), BEAT_MS);
});
