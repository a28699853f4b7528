// Fields: what is typed is saved by itself, meters follow, each field is as high as its words.
import { $, all, etag, fill, keep, on, one, send, typed, words } from "./desk.js";

const indic = $("week").dataset.digits === "arabic-indic", grows = CSS.supports("field-sizing", "content"),
  amount = n => indic ? n.toLocaleString("ar-u-nu-arab", { useGrouping: 0 }) : n,
  // Harakat and direction signs take no column; the server's answer says it as the check counts, ideographs too.
  columns = text => [...text.trim().replace(/[\p{Mn}\p{Me}\p{Cf}]/gu, "")].length;

const operation = (field, value = typed.get(field.id)?.[0] ?? field.value) => {
  const card = field.closest("[data-card]"), name = field.dataset.edit;
  if (!card?.isConnected) return;
  const { card: kind, line: at, last, title } = card.dataset, line = +at;
  return {
    value: { op: kind, key: name, value },
    story: { op: "edit", line, [name]: value },
    section: { op: kind, do: "rename", line, title: value },
    words: { op: kind, line, ...(+last && { last: +last }), text: value },
    line: { op: kind, line, text: value },
  }[kind] || { op: kind, do: "edit", line, kind: card.dataset.kind, title: one("[data-edit=title]", card)?.value ?? title, text: one("textarea", card)?.value };
};
const grow = field => {
  if (grows || field.type !== "textarea") return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
};
const measure = field => {
  all(`[data-live="${field.id}"]`).map(it => it.textContent = field.value || field.placeholder);
  const { most, phone, longest } = field.dataset, box = field.closest("[data-card]"), n = columns(field.value), fits = one("[data-fits]", box);
  if (!most) return;
  one("progress", box).value = Math.min(n, most);
  one(".meter", box).classList.toggle("over", n > most);
  one("[data-told]", box).textContent = fill(words.of, { n: amount(n), most: amount(+most) });
  if (fits) fits.textContent = fits.dataset.fits.split("|")[n <= phone ? 0 : n <= longest ? 1 : 2];
};
const changed = ({ target: field, isComposing }) => {
  if (!field.matches("[data-edit]") || isComposing) return;
  if ("one" in field.dataset) field.value = field.value.replace(/\s*\n\s*/g, " ");
  // With what they answer to: a page that finds them later may show another text.
  typed.set(field.id, [field.value, { etag, ...operation(field, field.value) }]);
  keep();
  grow(field);
  measure(field);
  send(() => operation(field), field.id);
};
on("input", changed);
on("compositionend", changed);
on("keydown", event => {
  const { target: field, key, code } = event, command = event.ctrlKey || event.metaKey;
  if (!field.matches("[data-edit]") || event.isComposing) return;
  if (key === "Enter" && !command && (field.type === "text" || "one" in field.dataset)) event.preventDefault();
  const signs = command && !event.altKey && !event.shiftKey && field.matches("textarea:not([data-one])") && { KeyB: ["**", "**"], KeyK: ["[", "](https://)"] }[code];
  if (!signs) return;
  event.preventDefault();
  // By the browser itself, so that the field's own undo knows it.
  document.execCommand("insertText", false, signs[0] + field.value.slice(field.selectionStart, field.selectionEnd) + signs[1]);
});
const again = () => {
  for (const field of all("[data-edit]")) {
    grow(field);
    if (typed.has(field.id)) measure(field);
  }
};
on("desk:edited", again);
// Words that an earlier page could not save.
for (const [id, [value, op]] of typed) {
  const field = $(id);
  if (field?.value === value) typed.delete(id);
  else {
    // Words that hold all of what is there now lose nobody's: the desk died behind a part of them.
    const whole = op.etag === etag || value.includes(field?.value);
    if (field) field.value = value;
    if (whole) changed({ target: field });
    else send(op, id);
  }
}
keep();
again();
