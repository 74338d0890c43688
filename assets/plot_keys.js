"use strict";
// An event's line brings the plot to it, five minutes on either side.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-event-at]");
  const plot = link && link.closest(".card").querySelector(".js-plotly-plot");
  if (!plot) return;
  const at = Date.parse(`${link.dataset.eventAt}Z`);
  const iso = (milliseconds) => new Date(milliseconds).toISOString().slice(0, 23);
  window.Plotly.relayout(plot, { "xaxis.range": [iso(at - 300000), iso(at + 300000)] });
  plot.scrollIntoView({ block: "center" });
});

// Keys for a focused plot: arrows move along the night, + and - zoom, 0 shows the whole night again.
document.addEventListener("keydown", (event) => {
  const frame = event.target.closest(".live-plot");
  if (!frame || event.ctrlKey || event.metaKey || event.altKey) return;
  const plot = frame.querySelector(".js-plotly-plot");
  if (!plot || !plot._fullLayout || !plot._fullLayout.xaxis) return;
  const [from, to] = plot._fullLayout.xaxis.range.map((text) => Date.parse(text.replace(" ", "T") + "Z"));
  const span = to - from;
  const night = ((plot.layout.xaxis.rangeslider || {}).range || []).map((text) => Date.parse(`${text}Z`));
  const moves = {
    ArrowLeft: [from - span / 4, to - span / 4],
    ArrowRight: [from + span / 4, to + span / 4],
    "+": [from + span / 4, to - span / 4],
    "=": [from + span / 4, to - span / 4],
    "-": [from - span / 2, to + span / 2],
  };
  const iso = (milliseconds) => new Date(milliseconds).toISOString().slice(0, 23);
  const show = ([left, right]) => window.Plotly.relayout(plot, { "xaxis.range": [left, right].map(iso) });
  if (night.length !== 2) return;
  if (event.key === "0") show(night);
  else if (moves[event.key]) {
    const [left, right] = moves[event.key];
    const width = Math.min(right - left, night[1] - night[0]);
    const start = Math.min(Math.max(left, night[0]), night[1] - width);  // never off the night
    show([start, start + width]);
  } else return;
  event.preventDefault();
});
