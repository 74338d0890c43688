"use strict";
// One request per file, three at a time; a file that could not be sent stays here and is tried again.
(() => {
  const PARALLEL = 3;
  const RETRY_MS = [1000, 3000, 8000, 15000, 30000];
  const files = new Map();
  let sending = 0;
  let nextId = 1;
  let accepted = 0;
  let batch = "";

  const zone = () => document.getElementById("drop-zone");
  const words = () => JSON.parse(zone().dataset.words);
  const limit = (name) => Number(zone().dataset[name]);

  const take = (list) => {
    if (zone().dataset.session !== batch) { batch = zone().dataset.session; accepted = 0; }
    let bytes = [...files.values()].reduce((sum, entry) => sum + entry.file.size, 0);
    for (const file of list) {
      const entry = { id: nextId++, file, state: "waiting", progress: 0, tries: 0, message: "" };
      bytes += file.size;
      if (file.size > limit("fileBytes")) refuse(entry, words().too_large);
      else if (files.size + accepted >= limit("files")) refuse(entry, words().too_many);
      else if (bytes > limit("batchBytes")) refuse(entry, words().batch_too_large);
      files.set(entry.id, entry);
    }
    pump();
  };

  const refuse = (entry, message) => {
    entry.state = "failed";
    entry.final = true;
    entry.message = message;
  };

  const pump = () => {
    for (const entry of files.values()) {
      if (sending >= PARALLEL) break;
      if (entry.state === "waiting") send(entry);
    }
    draw();
  };

  const send = (entry) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", entry.file, entry.file.name);
    entry.state = "sending";
    entry.progress = 0;
    entry.request = request;
    sending += 1;
    request.open("POST", `/medic/uploads/${zone().dataset.session}/files`);
    request.setRequestHeader("X-CSRFToken", window.medicToken());
    request.timeout = 60000;
    request.upload.onprogress = (event) => { entry.progress = event.loaded / Math.max(event.total, 1); draw(); };
    request.onload = () => finish(entry, request);
    request.onerror = () => later(entry, words().retrying);
    request.ontimeout = () => later(entry, words().retrying);
    request.onabort = () => { entry.state = "stopped"; entry.message = words().stopped; };
    request.onloadend = () => { sending -= 1; entry.request = null; pump(); };
    request.send(form);
  };

  const finish = (entry, request) => {
    if (request.status === 200 || request.status === 201) {
      files.delete(entry.id);
      accepted += 1;
      window.medicExpired(false);
      refreshTable();
      return;
    }
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { answer = {}; }
    const said = answer.message || "";
    if (request.status === 401) { window.medicExpired(true); later(entry, words().signed_out); return; }
    if (request.status === 503 || request.status === 429 || request.status >= 500) {
      later(entry, said || words().retrying);
      return;
    }
    refuse(entry, said || words().failed);
    entry.final = answer.reason !== "batch_closed"; // another batch may take it
  };

  const later = (entry, message) => {
    entry.state = "later";
    entry.message = message;
    const wait = RETRY_MS[Math.min(entry.tries, RETRY_MS.length - 1)];
    entry.tries += 1;
    entry.timer = setTimeout(() => { if (entry.state === "later") { entry.state = "waiting"; pump(); } }, wait);
  };

  let refreshTimer = null;
  const refreshTable = () => {
    clearTimeout(refreshTimer);
    refreshTimer = setTimeout(() => window.dash_clientside.set_props("refresh", { data: Date.now() }), 150);
  };

  const button = (label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "quiet-action";
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  };

  const line = (entry, said) => {
    const row = document.createElement("div");
    row.className = `file-row file-${entry.state}`;
    const name = document.createElement("span");
    name.className = "file-name";
    name.textContent = entry.file.name;
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = entry.progress;
    const note = document.createElement("span");
    note.className = "quiet";
    note.textContent = entry.message || said[entry.state] || "";
    row.append(name, bar, note);
    if (entry.state === "sending" || entry.state === "waiting" || entry.state === "later") {
      row.append(button(said.stop, () => stop(entry)));
    } else {
      if (!entry.final) row.append(button(said.retry, () => { entry.state = "waiting"; entry.message = ""; pump(); }));
      row.append(button(said.remove, () => { files.delete(entry.id); draw(); }));
    }
    return row;
  };

  const stop = (entry) => {
    clearTimeout(entry.timer);
    if (entry.request) entry.request.abort();
    entry.state = "stopped";
    entry.message = words().stopped;
    draw();
  };

  let drawing = false;
  const draw = () => {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      const list = document.getElementById("file-list");
      if (!list) return;
      const said = words();
      const entries = [...files.values()].sort((one, two) => (two.state !== "waiting") - (one.state !== "waiting"));
      const rows = entries.slice(0, 12).map((entry) => line(entry, said));
      if (files.size > 0) {
        const left = document.createElement("p");
        left.className = "quiet";
        left.textContent = `${said.left} ${files.size}`;
        rows.unshift(left);
      }
      list.replaceChildren(...rows);
    });
  };

  const entriesOf = async (transfer) => {
    const roots = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
    if (roots.length === 0) return [...transfer.files];
    const found = [];
    const walk = async (entry) => {
      if (entry.isFile) {
        found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
        return;
      }
      const reader = entry.createReader();
      for (;;) {
        const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (part.length === 0) return;
        for (const child of part) await walk(child);
      }
    };
    for (const root of roots) await walk(root);
    return found.filter((file) => !file.name.startsWith("."));
  };

  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      if (!zone()) return;
      event.preventDefault();
      zone().classList.add("is-over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (zone() && !event.relatedTarget) zone().classList.remove("is-over");
  });
  document.addEventListener("drop", async (event) => {
    if (!zone()) return;
    event.preventDefault();
    zone().classList.remove("is-over");
    take(await entriesOf(event.dataTransfer));
  });

  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-choose]");
    if (!chosen) return;
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.id = "file-input";
    input.hidden = true;
    if (chosen.dataset.choose === "folder") input.webkitdirectory = true;
    input.addEventListener("change", () => { take([...input.files]); input.remove(); });
    document.body.append(input);
    input.click();
  });

  window.addEventListener("beforeunload", (event) => {
    if ([...files.values()].some((entry) => ["waiting", "sending", "later"].includes(entry.state))) event.preventDefault();
  });
})();
