// The page of the issue: one operation under way at a time, its answer shown in place, and no word lost on the way.
const $ = id => document.getElementById(id);
const week = $("week"), slug = encodeURIComponent(week.dataset.slug), base = `/issue/${slug}`, store = `desk:${slug}`;
export const words = JSON.parse(week.dataset.words);
export const typed = new Map(JSON.parse(sessionStorage.getItem(store) || "[]"));
const queue = [];
let etag = week.dataset.etag, busy = false, held = null, timer = 0, page = "", frame = $("frame"), next = null;
let look = "phone", dark = "0";

export const fill = (text, parts) => text.replace(/\{(\w+)\}/g, (all, name) => parts[name] ?? all);
export const tell = text => { if (text) $("live").textContent = text; };
export const keep = () => sessionStorage.setItem(store, JSON.stringify([...typed]));
export const state = (name, text) => {
  $("saved").dataset.state = name;
  $("saved").querySelector("span").textContent = text;
};

export const post = (path, body) => {
  const form = body instanceof FormData, headers = { accept: "application/json", "X-CSRF": document.querySelector("meta[name=csrf]").content };
  if (!form) headers["content-type"] = "application/json";
  return fetch(base + path, { method: "POST", headers, body: form ? body : JSON.stringify(body) });
};

// An operation, or what makes it when its turn has come: lines may have moved until then.
export const send = (op, key = "") => new Promise(done => {
  const same = key && queue.find(one => one.key === key);
  if (same) same.op = op; else queue.push({ op, key, done });
  run();
});

const run = async () => {
  clearTimeout(timer);
  if (busy || held || !queue.length) return;
  const one = queue.shift(), op = typeof one.op === "function" ? one.op() : one.op;
  if (!op) return run();
  busy = true;
  one.value = $(one.key)?.value;
  const slow = setTimeout(() => state("saving", words.saving), 400);
  const answer = await post("/op", { etag, ...op }).then(async got => ({ status: got.status, said: await got.json() }), () => null);
  clearTimeout(slow);
  busy = false;
  if (!answer || answer.status >= 500) {
    if (!one.key || !queue.some(other => other.key === one.key)) queue.unshift(one);
    state("bad", answer?.said.error?.what || words.gone);
    timer = setTimeout(run, 5000);
    return;
  }
  took(answer, op, one);
  run();
};

const took = ({ status, said }, op, one) => {
  const shown = $("conflict");
  if (status === 409) {
    held = { op, one, etag: said.etag };
    shown.innerHTML = said.conflict;
    shown.hidden = false;
    return state("wait", words.merging);
  }
  held = null;
  shown.hidden = true;
  if (status >= 400) {
    const why = [said.error?.what || said.error, said.error?.mend || said.mend].filter(Boolean).join(" · ");
    state("bad", `${words.unsaved}. ${why}`);
    return tell(why);
  }
  etag = said.etag;
  if (one?.key) {
    const field = $(one.key);
    if (!field || field.value === one.value) typed.delete(one.key);
    keep();
  }
  apply(said.fragments);
  state("saved", words.saved);
  tell(said.live);
  letter();
  document.dispatchEvent(new CustomEvent("desk:edited", { detail: said }));
  one?.done?.(said);
};

export const apply = fragments => {
  const active = document.activeElement, story = active.closest?.(".story"), around = story?.nextElementSibling || story?.previousElementSibling;
  for (const [id, html] of Object.entries(fragments || {})) {
    const old = $(id), made = document.createElement("template");
    made.innerHTML = html;
    if (old && made.content.firstElementChild) morph(old, made.content.firstElementChild);
  }
  if (document.activeElement !== active) {
    if (active.isConnected && !active.disabled) active.focus({ preventScroll: true });
    if (document.activeElement === document.body) ((around?.isConnected && around.querySelector(".opens")) || $("middle")).focus({ preventScroll: true });
  }
};

// Changes what differs and nothing else: focus, carets, open menus and words not saved yet stay.
const morph = (old, fresh) => {
  if (old.nodeType !== 1) { if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue; return; }
  const open = old.classList.contains("open");
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && name !== "aria-expanded") old.setAttribute(name, value);
  if (open) old.classList.add("open");
  if (old.matches("textarea, input")) {
    if (!typed.has(old.id) && old.value !== fresh.value && old.type !== "file") old.value = fresh.value;
    return;
  }
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const twin = child.id ? $(child.id) : at && !at.id && at.nodeName === child.nodeName ? at : null;
    if (!twin) { old.insertBefore(child, at); continue; }
    if (twin === at) at = at.nextSibling; else old.insertBefore(twin, at);
    morph(twin, child);
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
};

export const letter = () => {
  next?.remove();
  const made = next = frame.cloneNode();
  made.className = "next";
  made.removeAttribute("id");
  made.src = `${base}/letter?${new URLSearchParams({ variant: $("variant")?.value || "0", text: look === "text" ? "1" : "0", dark, v: etag })}`;
  made.onload = async () => {
    const pictures = [...(made.contentDocument?.images || [])].map(one => one.decode().catch(() => 0));
    await Promise.race([Promise.all(pictures), new Promise(done => setTimeout(done, 120))]);
    if (next !== made) return;
    made.contentWindow.scrollTo(0, frame.contentWindow?.scrollY || 0);
    frame.remove();
    made.id = "frame";
    made.className = "";
    frame = made;
    next = null;
    listen();
  };
  $("frames").append(made);
};

const listen = () => frame.contentDocument?.addEventListener("click", event => {
  event.preventDefault();
  const far = one => Math.abs(one.getBoundingClientRect().top - event.clientY);
  const near = [...frame.contentDocument.querySelectorAll("[id^='s-']")].sort((a, b) => far(a) - far(b))[0];
  if (near && $(near.id)) { show("issue"); open($(near.id)); }
});
frame.addEventListener("load", listen, { once: true });
listen();

export const show = name => {
  const both = [...week.dataset.show.split(" ").filter(one => one !== name), name].slice(-2);
  week.dataset.show = both.join(" ");
  week.dataset.one = name;
  for (const one of document.querySelectorAll(".shows button")) one.setAttribute("aria-pressed", both.includes(one.value));
};

export const close = focus => {
  const story = document.querySelector(".story.open");
  if (!story) return false;
  story.classList.remove("open");
  const button = story.querySelector(".opens");
  button.setAttribute("aria-expanded", "false");
  if (focus) button.focus();
  return true;
};

export const open = story => {
  close();
  story.classList.add("open");
  story.querySelector(".opens").setAttribute("aria-expanded", "true");
  story.querySelector(".headline").focus({ preventScroll: true });
  story.scrollIntoView({ block: "nearest" });
  const there = frame.contentDocument?.getElementById(story.id);
  if (there) frame.contentWindow.scrollTo(0, there.getBoundingClientRect().top + frame.contentWindow.scrollY - 24);
  if (page) post("/presence", { page, key: story.id });
};

const go = id => {
  const there = $(id);
  if (!there) return;
  show("issue");
  if (there.matches(".story")) return open(there);
  there.scrollIntoView({ block: "nearest" });
  there.querySelector("textarea, input")?.focus();
};

document.addEventListener("click", async event => {
  const at = event.target, is = what => at.closest(what);
  for (const one of document.querySelectorAll("details.menu[open]")) if (!one.contains(at) || is("button")) one.open = false;
  const button = is("button, a");
  if (!button) return;
  if (button.name === "act" || button.dataset.op) {
    event.preventDefault();
    if (button.name === "act" && button.form?.id !== "op") return;
    send(() => button.isConnected && JSON.parse(button.dataset.op || button.value));
  } else if (is(".opens")) open(is(".story"));
  else if (button.name === "show") { event.preventDefault(); show(button.value); }
  else if (button.dataset.look) {
    look = $("frames").dataset.look = button.dataset.look;
    for (const one of document.querySelectorAll("[data-look]")) if (one.ariaPressed) one.ariaPressed = one === button;
    letter();
  } else if (is("[data-dark]")) { dark = dark === "1" ? "0" : "1"; button.ariaPressed = dark === "1"; letter(); }
  else if (button.dataset.go) { event.preventDefault(); $("problem-list")?.hidePopover(); go(button.dataset.go); }
  else if (button.popoverTargetElement?.id === "elements") $("elements").dataset.section = button.dataset.section;
  else if (button.dataset.insert) {
    const { insert, title, text } = button.dataset, section = +$("elements").dataset.section;
    $("elements").hidePopover();
    send(insert === "words" ? { op: "words", text, section } : { op: "element", do: "insert", kind: insert, title, text, section });
  } else if (button.dataset.choice && held) {
    const { op, one } = held, got = await post("/merge", { etag: held.etag, base: etag, mine: op, choice: button.dataset.choice });
    took({ status: got.status, said: await got.json() }, op, one);
    run();
  }
});

document.addEventListener("submit", event => {
  if (!event.target.matches(".newsection")) return;
  event.preventDefault();
  const field = $("new-section"), title = field.value.trim();
  if (title) { field.value = ""; send({ op: "section", do: "add", title }); }
});

document.addEventListener("change", async event => {
  const at = event.target;
  if (at.id === "variant") letter();
  if (!at.matches("[data-upload]") || !at.files[0]) return;
  if (at.files[0].size > 8e6) return state("bad", words.large);
  const body = new FormData(), card = at.closest(".story");
  body.append("picture", at.files[0]);
  const got = await post("/picture", body), said = await got.json();
  at.value = "";
  if (!got.ok) return state("bad", said.error?.what || said.error);
  send(() => ({ op: "edit", line: +card.dataset.line, image: said.image }));
});

const events = new EventSource(`/events?slug=${slug}`);
const on = (name, does) => events.addEventListener(name, event => does(JSON.parse(event.data)));
on("hello", said => { page = said.page; if (!busy && queue.length) run(); });
on("file", async said => {
  if (said.slug !== week.dataset.slug || said.etag === etag || busy || held || queue.length) return;
  const got = await fetch(`${base}/now?etag=${etag}`, { headers: { accept: "application/json" } });
  if (!got.ok || busy || queue.length) return;
  took({ status: 200, said: { live: words.took, ...(await got.json()) } });
});
on("presence", said => {
  for (const one of document.querySelectorAll(".presence")) one.remove();
  for (const { name, page: other, key } of said.people || []) {
    if (other === page || !$(key)) continue;
    const sign = Object.assign(document.createElement("span"), { className: "initial presence", textContent: name[0], title: name });
    $(key).append(sign);
  }
});
