"use strict";
// Which view the fragment names; signing out; copying a link; an expired session said aloud.
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.medic = {
  showView(hash) {
    const patient = /^#pacient\/([0-9a-f-]{36})$/.exec(hash || "");
    const patients = hash === "#pacienti";
    return [Boolean(patient) || patients, !patients, !patient, patient ? patient[1] : null];
  },
};

window.medicToken = () => {
  const found = document.cookie.split("; ").find((part) => part.startsWith("_csrf_token="));
  return found ? decodeURIComponent(found.slice("_csrf_token=".length)) : "";
};

window.medicExpired = () => {
  const note = document.getElementById("session-expired");
  if (!note || !note.hidden) return;
  note.hidden = false;
  const link = document.createElement("a");
  link.href = "/login";
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = " /login";
  note.append(link);
};

{
  const ask = window.fetch.bind(window);
  window.fetch = async (...request) => {
    const answer = await ask(...request);
    if (answer.status === 401) window.medicExpired();
    return answer;
  };
}

document.addEventListener("click", async (event) => {
  if (event.target.closest("[data-sign-out]")) {
    await fetch("/logout", { method: "POST", headers: { "X-CSRFToken": window.medicToken() } });
    location.assign("/login");
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(copy.dataset.copy);
    copy.classList.add("copied");
    setTimeout(() => copy.classList.remove("copied"), 1500);
  }
});
