"use strict";
// Cells of the batch table that are more than text.
window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
{
  const components = window.dashAgGridComponentFunctions;
  const element = window.React.createElement;

  // a 120 x 32 picture of the night: SpO2 from 70 to 100 %, the 90 % line, breaks where nothing was measured
  components.Sparkline = ({ value, data }) => {
    if (data.group) return element(components.DeviceGroup, { data });
    if (!value) return null;
    const y = (spo2) => 31 - (Math.max(spo2, 70) - 70);
    const pieces = [];
    let open = false;
    value.forEach((spo2, index) => {
      if (spo2 === null) { open = false; return; }
      pieces.push(`${open ? "L" : "M"}${((index * 120) / Math.max(value.length - 1, 1)).toFixed(1)},${y(spo2).toFixed(1)}`);
      open = true;
    });
    return element(
      "svg",
      { width: 120, height: 32, viewBox: "0 0 120 32", "aria-hidden": true, className: "sparkline" },
      element("line", { x1: 0, x2: 120, y1: y(90), y2: y(90), className: "sparkline-limit" }),
      element("path", { d: pieces.join(""), className: "sparkline-trace" }),
    );
  };

  // the head of a device's nights: whose they are to be, and the label of somebody new
  components.DeviceGroup = ({ data }) => {
    const act = (name, value) => window.dash_clientside.set_props("group-act", {
      data: { act: name, items: data.items, target: data.target, value, at: Date.now() },
    });
    const choices = data.options.map(({ value, label }) => element("option", { key: value, value }, label));
    const isNew = (data.target || "").startsWith("new:");
    return element(
      "div",
      { className: "device-group" },
      element("span", { className: "device-name" }, element("b", null, data.device), element("span", { className: "quiet small" }, data.summary)),
      data.open
        ? element("select", { className: "input", "aria-label": data.choose, value: data.target || "", onChange: (event) => act("target", event.target.value) },
          element("option", { key: "", value: "" }, data.nobody), ...choices)
        : element("b", null, data.patient),
      data.open && isNew
        ? element("input", {
          key: `${data.target}${data.label}`, className: "input", defaultValue: data.label, placeholder: data.label_hint, "aria-label": data.label_name,
          maxLength: 80, autoComplete: "off",
          onBlur: (event) => { if (event.target.value !== data.label) act("label", event.target.value); },
          onKeyDown: (event) => { event.stopPropagation(); if (event.key === "Enter") event.target.blur(); },
        })
        : element("span", { className: "small" }, data.loan),
      element("span", { className: "inline good small" }, data.state),
    );
  };

  // a choice that is there to be seen; what is decided already is plain text
  components.PatientSelect = ({ data, options, label, setData }) => {
    if (!data.open) return data.patient;
    const isOffered = !data.target || options.some(({ value }) => value === data.target);
    const offered = isOffered ? options : [{ value: data.target, label: data.patient }, ...options];
    const choices = offered.map(({ value, label: text }) => element("option", { key: value, value }, text));
    return element(
      "select",
      {
        className: "patient-select",
        "aria-label": label,
        value: data.target,
        onChange: (event) => setData(event.target.value),
      },
      element("option", { key: "", value: "" }, label),
      ...choices,
    );
  };

  // a real button: its click, by mouse or by Enter, is the cell's click
  components.NightCell = ({ data }) =>
    element(
      "button",
      { type: "button", className: "night-open", title: data.file_name },
      element("span", null, data.night_text, data.warns ? element("span", { className: "warns", "aria-hidden": true }, " ⚠") : null),
      element("span", { className: "quiet" }, data.hours_text),
    );
}

// Tab goes on to the next button or choice, and a key inside one of them is its own, not the grid's
window.dashAgGridFunctions = window.dashAgGridFunctions || {};
window.dashAgGridFunctions.keepsItsKeys = ({ event }) =>
  event.key === "Tab" || Boolean(event.target.closest("button, select, input"));
