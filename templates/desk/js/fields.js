// Fields: what is typed is saved by itself, meters follow, and every field is as high as its words.
import { fill, keep, send, state, typed, words } from "./desk.js";

const week = document.getElementById("week"), waiting = new Map();
const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\u{1f300}-\u{1faff}]/u, none = /[\p{Mn}\p{Me}\p{Cf}]/u;
const amount = n => week.dataset.digits === "arabic-indic" ? n.toLocaleString("ar-u-nu-arab", { useGrouping: false }) : n;

// As the check counts them: harakat and direction signs take no column, ideographs two.
export const columns = text => [...text.trim()].reduce((n, sign) => n + (none.test(sign) ? 0 : wide.test(sign) ? 2 : 1), 0);

const operation = (field, value) => {
  const card = field.closest("[data-card]");
  if (!card?.isConnected) return null;
  const { card: kind, line, last, title } = card.dataset, name = field.dataset.edit, at = +line;
  return {
    value: () => ({ op: "value", key: name, value }),
    story: () => ({ op: "edit", line: at, [name]: value }),
    words: () => ({ op: "words", line: at, ...(+last ? { last: +last } : {}), text: value }),
    section: () => ({ op: "section", do: "rename", line: at, title: value }),
    element: () => ({
      op: "element", do: "edit", line: at, kind: card.dataset.kind,
      title: card.querySelector("[data-edit=title]")?.value ?? title, text: card.querySelector("[data-edit=text]").value,
    }),
    line: () => ({ op: "line", line: at, text: value }),
  }[kind]();
};

const save = field => {
  clearTimeout(waiting.get(field));
  if (!waiting.delete(field)) return;
  const one = () => operation(field, typed.get(field.id) ?? field.value);
  send(one, field.id);
};

const grow = field => {
  if (field.tagName !== "TEXTAREA" || CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
};

const measure = field => {
  for (const one of document.querySelectorAll(`[data-live="${field.id}"]`)) one.textContent = field.value || field.placeholder;
  if (!field.dataset.most) return;
  const box = field.closest("[data-card]"), n = columns(field.value), { most, phone, longest } = field.dataset;
  box.querySelector("progress").value = Math.min(n, most);
  box.querySelector(".meter").classList.toggle("over", n > most);
  box.querySelector("[data-told]").textContent = fill(words.of, { n: amount(n), most: amount(+most) });
  const fits = box.querySelector("[data-fits]");
  if (fits) fits.textContent = fits.dataset.fits.split("|")[n <= phone ? 0 : n <= longest ? 1 : 2];
};

const changed = field => {
  if ("one" in field.dataset && /\n/.test(field.value)) field.value = field.value.replace(/\s*\n\s*/g, " ");
  typed.set(field.id, field.value);
  keep();
  grow(field);
  measure(field);
  clearTimeout(waiting.get(field));
  waiting.set(field, setTimeout(save, 120, field));
};

document.addEventListener("input", event => {
  if (event.target.matches("[data-edit]") && !event.isComposing) changed(event.target);
});
document.addEventListener("compositionend", event => event.target.matches("[data-edit]") && changed(event.target));
document.addEventListener("focusout", event => event.target.matches?.("[data-edit]") && save(event.target));

document.addEventListener("keydown", event => {
  const field = event.target;
  if (!field.matches?.("[data-edit]") || event.isComposing) return;
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && (field.tagName === "INPUT" || "one" in field.dataset)) {
    event.preventDefault();
    save(field);
  }
  if (!("prose" in field.dataset) || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const chosen = field.value.slice(field.selectionStart, field.selectionEnd);
  if (event.code === "KeyB") write(event, field, `**${chosen}**`, 2);
  if (event.code === "KeyK") write(event, field, `[${chosen}](https://)`, 1);
});

// By the browser itself, so that its own undo of the field knows it.
const write = (event, field, text, back) => {
  event.preventDefault();
  document.execCommand("insertText", false, text);
  field.setSelectionRange(field.selectionEnd - back, field.selectionEnd - back);
};

const all = () => { for (const field of document.querySelectorAll("[data-edit]")) grow(field); };
document.addEventListener("desk:edited", () => {
  all();
  for (const field of document.querySelectorAll("[data-most]")) if (typed.has(field.id)) measure(field);
});
all();
// Words that an earlier page could not save.
for (const [id, value] of typed) {
  const field = document.getElementById(id);
  if (field && field.value !== value) {
    field.value = value;
    changed(field);
    state("saving", words.saving);
  } else typed.delete(id);
}
keep();
