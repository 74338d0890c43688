"use strict";
// Draws the plots of a server-rendered page in the page's own colours, keeps the chosen event marked beside its place,
// and leads the leaving-out of a span.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // the figure is made for paper; on a screen its ground, words and lines are the page's
  const themed = ({ data, layout }) => {
    const lines = { "#005FB8": "--spo2", "#B3261E": "--pulse", "#7A1F5C": "--mark", "#6B7280": "--motion", "#D9E2EC": "--grid", "#1F2933": "--text", "#8A4B00": "--limit", "#B3261E2E": "--low-fill", "#52606D": "--quiet", "#FFFFFF": "--surface" };
    const repaint = (value) => {
      if (typeof value === "string") return lines[value.toUpperCase()] ? colour(lines[value.toUpperCase()]) : value;
      if (Array.isArray(value)) return value.map(repaint);
      if (value && typeof value === "object" && !ArrayBuffer.isView(value) && !value.bdata) {
        return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, name === "y" || name === "x" ? part : repaint(part)]));
      }
      return value;
    };
    return { data: repaint(data), layout: repaint(layout) };
  };

  const draw = (place) => {
    const { figure, config } = JSON.parse(place.dataset.plot);
    const { data, layout } = themed(figure);
    return window.Plotly.newPlot(place, data, { ...layout, autosize: true }, config).then(() => {
      place.on("plotly_selected", chosenSpan);
    });
  };

  const drawAll = () => document.querySelectorAll("[data-plot]").forEach(draw);
  document.addEventListener("DOMContentLoaded", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);

  const key = (name) => {
    const frame = document.querySelector(".live-plot");
    if (frame) frame.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
  };
  document.addEventListener("click", ({ target }) => {
    const tool = target.closest("[data-plot-key]");
    if (tool) key(tool.dataset.plotKey);
    const event = target.closest("[data-event-at]");
    if (event) mark(event.closest("[data-event-row]"));
    if (target.closest("[data-exclude]")) openPanel(true);
    if (target.closest("[data-exclude-close]")) openPanel(false);
  });

  const mark = (row) => {
    if (!row) return;
    document.querySelectorAll("[data-event-row]").forEach((one) => {
      one.classList.toggle("sel", one === row);
      if (one === row) one.setAttribute("aria-current", "true"); else one.removeAttribute("aria-current");
    });
    const list = row.closest(".scroll");
    list.scrollTop = row.offsetTop - list.clientHeight / 2;
  };
  // the keys that step through the plot move the mark in the list too
  document.addEventListener("plot-at-event", ({ detail }) => {
    const link = document.querySelector(`[data-event-at^="${CSS.escape(detail.slice(0, 19))}"]`);
    if (link) mark(link.closest("[data-event-row]"));
  });

  const panel = () => document.getElementById("exclude-panel");
  const plot = () => document.querySelector(".js-plotly-plot");
  const openPanel = (open) => {
    if (!panel()) return;
    panel().hidden = !open;
    const button = document.querySelector("[data-exclude]");
    button.setAttribute("aria-expanded", String(open));
    if (plot()) window.Plotly.relayout(plot(), { dragmode: open ? "select" : "zoom", selectdirection: "h", selections: [] });
    (open ? document.getElementById("exclude-from") : button).focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && panel() && !panel().hidden) { openPanel(false); event.preventDefault(); return; }
    const idle = !event.target.closest("input, textarea, select, dialog") && !document.body.dataset.lettersOff;
    if (event.key === "e" && idle && !event.ctrlKey && !event.metaKey && !event.altKey && panel() && panel().hidden) {
      openPanel(true);
      event.preventDefault();
    }
  });

  const chosenSpan = (chosen) => {
    const range = (chosen || {}).range || {};
    const ends = range[Object.keys(range).find((name) => name.startsWith("x"))];
    if (!ends || !panel()) return;
    // plotly leaves out what is zero: midnight is the date alone
    const [from, to] = [...ends].sort().map((text) => `${text}${text.length === 10 ? " 00:00" : ""}`.replace(" ", "T").slice(0, 19));
    document.getElementById("exclude-from").value = from;
    document.getElementById("exclude-to").value = to;
    effect();
  };

  // what the numbers would become, before anything is saved
  let asked = 0;
  const effect = async () => {
    const [from, to] = ["exclude-from", "exclude-to"].map((name) => document.getElementById(name).value);
    const shown = document.getElementById("exclude-effect");
    if (!from || !to) { shown.textContent = shown.dataset.hint; return; }
    const number = ++asked;
    const query = new URLSearchParams({ from, to });
    const answer = await fetch(`/medic/nights/${panel().dataset.night}/effect?${query}`).catch(() => null);
    if (number !== asked || !answer) return;
    const { changes, message } = await answer.json().catch(() => ({}));
    shown.replaceChildren(...(changes || [[message || "", "", ""]]).flatMap(([name, before, after]) => {
      const label = document.createElement("span");
      label.className = "quiet";
      label.textContent = name;
      const numbers = document.createElement("span");
      numbers.textContent = after ? `${before} → ${after}` : "";
      return [label, numbers];
    }));
  };
  // what is missing is said here, and nothing that was typed is lost
  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#exclude-panel")) return;
    const value = (name) => document.getElementById(name).value.trim();
    const shown = document.getElementById("exclude-effect");
    const missing = !value("exclude-from") || !value("exclude-to") ? "noSpan" : value("exclude-reason") ? "" : "noReason";
    if (!missing) return;
    event.preventDefault();
    shown.textContent = shown.dataset[missing];
    shown.classList.add("bad");
  });

  document.addEventListener("change", ({ target }) => { if (["exclude-from", "exclude-to"].includes(target.id)) effect(); });
})();
