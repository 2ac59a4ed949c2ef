// What a script can add to booking: a countdown of the kept time, and the print link. Everything else is the page.
"use strict";

for (const hold of document.querySelectorAll("[data-hold-seconds]")) {
  const left = hold.querySelector(".hold__left");
  const clock = hold.querySelector(".hold__clock");
  const says = hold.querySelector("[data-hold-says]");
  // Counted from when the page arrived, so a wrong clock on the phone does not matter.
  const endsAt = performance.now() + Number(hold.dataset.holdSeconds) * 1000;
  let saidSoon = false;
  const tick = () => {
    const seconds = Math.max(0, Math.round((endsAt - performance.now()) / 1000));
    clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (seconds <= 60 && seconds > 0 && !saidSoon) {
      saidSoon = true;
      says.textContent = hold.dataset.soon;
    }
    if (seconds === 0) {
      clearInterval(timer);
      hold.classList.add("hold--gone");
      hold.querySelector(".hold__words").textContent = hold.dataset.gone;
      says.textContent = hold.dataset.gone;
    }
  };
  const timer = setInterval(tick, 1000);
  left.hidden = false;
  tick();
}

for (const item of document.querySelectorAll("[data-print]")) {
  item.hidden = false;
  item.querySelector("button").addEventListener("click", () => window.print());
}
