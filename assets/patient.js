"use strict";
// The secret stays behind the #: it is exchanged for a cookie on every load, on every change of the fragment, and when
// the tab comes back to the front (another tab may have opened another patient's link meanwhile).
(() => {
  const RETRY_MS = 8000;
  const GIVE_UP_MS = 15000;
  let shown = null;

  const nights = () => document.getElementById("nights");

  const say = (name) => {
    const target = nights();
    if (!target) return;
    const note = document.createElement("p");
    note.className = "card";
    note.setAttribute("role", "alert");
    note.textContent = target.dataset[name];
    target.replaceChildren(note);
  };

  // only a 404 means that the link opens nothing; anything else is ours to mend, so the page tries again by itself
  const tryLater = () => {
    if (!shown) say("offline");
    setTimeout(exchange, RETRY_MS);
  };

  const exchange = async () => {
    const secret = (/^#([\w-]{43})(?![\w-])/.exec(location.hash) || [])[1] || "";  // what a messenger adds behind is dropped
    let answer;
    try {
      answer = await fetch("/patient/session", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ secret }),
        cache: "no-store",
      });
    } catch {
      tryLater();
      return;
    }
    if (answer.status === 404) {
      shown = null;
      say("refused");
      return;
    }
    if (!answer.ok) {
      tryLater();
      return;
    }
    const { patient_id: patientId, preview } = await answer.json();
    const banner = document.getElementById("banner");
    if (banner) banner.textContent = preview ? banner.dataset.preview : "";
    if (patientId !== shown) {
      shown = patientId;
      window.dash_clientside.set_props("patient-id", { data: patientId });
      setTimeout(() => { if (document.querySelector("#nights .skeleton")) say("offline"); }, GIVE_UP_MS);
    }
  };

  // a page left open learns at its next request that its link was stopped
  const ask = window.fetch.bind(window);
  window.fetch = async (...request) => {
    const answer = await ask(...request);
    if (answer.status === 404 && shown && answer.url.includes("/_dash-update-component")) exchange();
    return answer;
  };

  const whenReady = () => {
    if (nights() && window.dash_clientside && window.dash_clientside.set_props) exchange();
    else setTimeout(whenReady, 20);
  };

  window.addEventListener("hashchange", exchange);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && shown) exchange(); });
  window.addEventListener("focus", () => { if (shown) exchange(); });
  whenReady();

  // the stored picture gives way to the plot once the plot has drawn
  new MutationObserver(() => {
    document.querySelectorAll(".plot").forEach((plot) => {
      if (plot.querySelector(".js-plotly-plot .main-svg")) plot.classList.add("is-live");
    });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
