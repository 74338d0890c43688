"use strict";
// Passkeys: the browser's own words for making and showing one; the server says what to ask, and looks at the answer.
(() => {
  const post = async (address, body) => {
    const token = document.querySelector("meta[name=csrf]").content;
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
    const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body), cache: "no-store" });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(told.message || "");
    return told;
  };

  const add = async (box) => {
    const options = await post("/medic/second-factor/passkeys/options", {});
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const made = await navigator.credentials.create({ publicKey });
    const name = `${box.dataset.name} ${new Date().toLocaleDateString(document.documentElement.lang)}`;
    const { codes } = await post("/medic/second-factor/passkeys", { answer: made.toJSON(), name });
    if (!codes.length) location.assign("/medic/settings#security");
    else showCodes(box, codes);
  };

  const showCodes = (box, codes) => {
    const explain = document.createElement("p");
    explain.textContent = box.dataset.codes;
    const list = document.createElement("ul");
    list.className = "codes";
    for (const code of codes) {
      const line = document.createElement("li");
      line.appendChild(document.createElement("code")).textContent = code;
      list.append(line);
    }
    const go = document.createElement("a");
    go.href = "/medic/";
    go.className = "btn second action";
    go.textContent = box.dataset.done;
    box.replaceChildren(explain, list, go);
  };

  const show = async () => {
    const options = await post("/login/passkey/options", {});
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const shown = await navigator.credentials.get({ publicKey });
    const { next } = await post("/login/passkey", shown.toJSON());
    location.assign(next);
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-passkey]");
    if (!button) return;
    const box = button.closest(".passkeys");
    const note = box.querySelector(".note");
    note.hidden = true;
    try {
      await (button.dataset.passkey === "add" ? add(box) : show());
    } catch (error) {
      const ours = error instanceof Error && error.constructor === Error && error.message;
      note.textContent = ours || box.dataset.unable;
      note.hidden = false;
    }
  });
})();
