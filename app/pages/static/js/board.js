// Keeps the hall board true: a stream with a watchdog, the age of what is shown, a gong and a wave of light for
// a new call. The last board stays when the server is gone, and the hall is told how old it is.
"use strict";

const SILENCE_MS = 30_000; // Without a word this long, ask the server.
const GONG_GAP_MS = 2_600;
const PAUSE_MS = 400;
const board = document.getElementById("board");
const lost = document.getElementById("lost");
const clock = document.getElementById("clock");
const announcer = document.getElementById("announcer");
const soundButton = document.getElementById("sound");

// ---- what is shown -----------------------------------------------------------------------------------------

const callsOf = (root) => new Map([...root.querySelectorAll("[data-call]")].filter((each) => each.classList.contains("call--called")).map((each) => [each.dataset.call, each]));
let known = new Set(callsOf(board).keys());

function show(html) {
  const next = new DOMParser().parseFromString(html, "text/html").querySelector(".snapshot");
  const shown = board.querySelector(".snapshot");
  if (!next || Number(next.dataset.revision) < Number(shown?.dataset.revision)) return;
  board.replaceChildren(document.adoptNode(next));
  const calls = callsOf(board);
  const fresh = [...calls].filter(([call]) => !known.has(call)).map(([, element]) => element);
  known = new Set(calls.keys());
  for (const element of fresh.reverse()) {
    element.classList.add("call--fresh");
    queueCall({ words: element.dataset.says, clips: element.dataset.voice.split(" ") });
  }
}

// ---- being sure that it is true ----------------------------------------------------------------------------

let heardAt = performance.now();
let broken = false;
let asking = false;
let etag = "";

function heard() {
  heardAt = performance.now();
  broken = false;
}

async function ask() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch(board.dataset.snapshotUrl, {
      headers: etag ? { "If-None-Match": etag } : {},
      signal: AbortSignal.timeout(8_000),
    });
    if (answer.status === 304) heard();
    else if (answer.ok) {
      etag = answer.headers.get("ETag") ?? "";
      show(await answer.text());
      heard();
    } else broken = true;
  } catch {
    broken = true; // The line on top says so, and the next beat asks again.
  } finally {
    asking = false;
  }
}

let stream;
let reopenIn = 2_000;

function open() {
  stream = new EventSource(board.dataset.streamUrl);
  stream.addEventListener("board", (event) => {
    show(event.data);
    heard();
  });
  stream.addEventListener("ping", heard);
  stream.addEventListener("open", () => {
    reopenIn = 2_000;
    heard();
  });
  stream.addEventListener("error", () => {
    broken = true;
    // The browser gives up after some refusals; we do not.
    if (stream.readyState === EventSource.CLOSED) {
      setTimeout(open, reopenIn);
      reopenIn = Math.min(reopenIn * 2, 15_000);
    }
  });
}

const two = (number) => String(number).padStart(2, "0");
let lastAsked = 0;

function beat() {
  const silent = performance.now() - heardAt;
  if (silent > SILENCE_MS && performance.now() - lastAsked > 5_000) {
    lastAsked = performance.now();
    ask();
  }
  // A blink of the network is not worth worrying a hall about.
  const bad = (broken && silent > 4_000) || silent > SILENCE_MS + 4_000;
  lost.hidden = !bad;
  if (bad) {
    const seconds = Math.floor(silent / 1000);
    lost.textContent = `${lost.dataset.words} ${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
  }
  const time = new Intl.DateTimeFormat("vi-VN", { timeZone: "Asia/Ho_Chi_Minh", hour: "2-digit", minute: "2-digit", hour12: false }).format(new Date());
  if (clock.textContent !== time) clock.textContent = time;
}

// ---- being heard -------------------------------------------------------------------------------------------

let audio = null;
const waitingCalls = [];
let sounding = false;

function gong() {
  const start = audio.currentTime + 0.05;
  // Two struck tones, a fourth apart, dying away.
  for (const [frequency, delay] of [[587.33, 0], [440, 0.55]]) {
    for (const [partial, loudness] of [[1, 0.5], [2.01, 0.16], [2.99, 0.07]]) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = frequency * partial;
      volume.gain.setValueAtTime(0.0001, start + delay);
      volume.gain.exponentialRampToValueAtTime(loudness, start + delay + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + delay + 1.7);
      tone.connect(volume).connect(audio.destination);
      tone.start(start + delay);
      tone.stop(start + delay + 1.8);
    }
  }
}

// Recordings by name, where this hall has them: none come with the program.
const recordings = JSON.parse(board.dataset.clips);
const loaded = new Map();

function recording(name) {
  if (!loaded.has(name)) {
    const sound = fetch(recordings[name], { signal: AbortSignal.timeout(8_000) })
      .then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(answer.status)))
      .then((bytes) => audio.decodeAudioData(bytes));
    loaded.set(name, sound);
    sound.catch(() => loaded.delete(name)); // The next call asks again.
  }
  return loaded.get(name);
}

// The words of a call, or nothing when one of them is missing: half a number sends somebody to the wrong place.
async function wordsOf(clips) {
  const names = clips.filter((name) => name !== "gong");
  if (!names.every((name) => Object.hasOwn(recordings, name))) return [];
  return Promise.all(names.map(recording)).catch(() => []);
}

function speak(sounds) {
  const start = audio.currentTime + GONG_GAP_MS / 1000;
  let at = start;
  for (const sound of sounds) {
    const source = audio.createBufferSource();
    source.buffer = sound;
    source.connect(audio.destination);
    source.start(at);
    at += sound.duration;
  }
  return sounds.length ? (at - start) * 1000 + PAUSE_MS : 0;
}

// Two officers may call at once: one after the other, none lost.
function queueCall(call) {
  waitingCalls.push(call);
  if (!sounding) nextCall();
}

async function nextCall() {
  const call = waitingCalls.shift();
  sounding = call !== undefined;
  if (!sounding) return;
  announcer.textContent = call.words;
  let lasts = GONG_GAP_MS;
  if (audio?.state === "running") {
    gong();
    lasts += speak(await wordsOf(call.clips));
  }
  setTimeout(nextCall, lasts);
}

function prepareSound() {
  if (new URLSearchParams(location.search).get("sound") === "off" || !("AudioContext" in window)) return;
  audio = new AudioContext();
  for (const name of Object.keys(recordings)) recording(name);
  const show = () => (soundButton.hidden = audio.state === "running");
  audio.addEventListener("statechange", show);
  soundButton.addEventListener("click", async () => {
    await audio.resume();
    gong();
  });
  show();
}

prepareSound();
open();
beat();
setInterval(beat, 1_000);
window.addEventListener("pagehide", () => stream.close());
window.addEventListener("pageshow", (event) => event.persisted && open());
