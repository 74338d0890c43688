"use strict";
// The verification page: the code comes from behind "#" or from the field; a file is hashed here and never sent.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("verify-form");
  if (!form) return;
  const code = document.getElementById("verify-code");
  const file = document.getElementById("verify-file");
  const answer = document.getElementById("verify-answer");

  const sha256 = async () => {
    if (!file.files.length || !globalThis.crypto?.subtle) return "";
    const digest = await crypto.subtle.digest("SHA-256", await file.files[0].arrayBuffer());
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  const show = (verdict, lines) => {
    answer.className = `message verify-${verdict}`;
    answer.replaceChildren(...lines.filter(Boolean).map((line) => {
      const paragraph = document.createElement("p");
      paragraph.textContent = line;
      return paragraph;
    }));
  };

  const check = async () => {
    try {
      const body = JSON.stringify({ code: code.value, sha256: await sha256() });
      const headers = { "Content-Type": "application/json" };
      const response = await fetch("/verificare", { method: "POST", headers, body });
      const said = await response.json();
      show(said.verdict || "refused", [said.message, said.details, said.file]);
    } catch {
      show("refused", [form.dataset.failed]);
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  file.addEventListener("change", () => code.value && check());
  if (location.hash.length > 1) {
    code.value = decodeURIComponent(location.hash.slice(1)).slice(0, 64);
    check();
  }
});
