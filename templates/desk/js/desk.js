// The issue: one operation under way at a time, its answer shown in place, no word lost on the way.
export const $ = id => document.getElementById(id), one = (where, from = document) => from.querySelector(where);
export const all = (where, from = document) => [...from.querySelectorAll(where)];
export const on = (type, does, early) => document.addEventListener(type, does, early), line = it => +it.dataset.line;
export const rect = it => it.getBoundingClientRect(), focus = it => it?.focus({ preventScroll: true }), near = it => it.scrollIntoView({ block: "nearest" });
const week = $("week"), slug = week.dataset.slug, base = `/issue/${encodeURIComponent(slug)}`, store = `desk:${slug}`, { body } = document;
export const words = JSON.parse(week.dataset.words), typed = new Map(JSON.parse(sessionStorage.getItem(store) || "[]"));
const queue = [], narrow = matchMedia("(max-width:719px)");
let etag = week.dataset.etag, busy, held, timer, page, frame = $("frame"), next, look, dark = "0";

export const fill = (text, parts) => text.replace(/\{(\w+)\}/g, (whole, name) => parts[name] ?? whole);
export const tell = text => text && ($("live").textContent = text);
export const keep = () => sessionStorage.setItem(store, JSON.stringify([...typed]));
export const state = (name, text) => {
  $("saved").dataset.state = name;
  one("span", $("saved")).textContent = text;
};
const post = (path, sent) => {
  const form = sent instanceof FormData, headers = { accept: "application/json", "X-CSRF": one("[name=csrf]").content };
  if (!form) headers["content-type"] = "application/json";
  return fetch(base + path, { method: "POST", headers, body: form ? sent : JSON.stringify(sent) }).then(async got => ({ status: got.status, said: await got.json() })).catch(() => ({ status: 599 }));
};

// An operation, or what makes it when its turn has come: lines may have moved until then.
export const send = (op, key) => new Promise(done => {
  const same = key && queue.find(it => it.key === key);
  if (same) same.op = op; else queue.push({ op, key, done });
  $("saved").dataset.state = "saving";
  run();
});

const run = async () => {
  clearTimeout(timer);
  if (busy || held || !queue.length) return;
  const it = queue.shift(), op = it.op.call ? it.op() : it.op;
  if (!op) { state("saved", words.saved); return run(); }
  busy = true;
  it.value = it.key && $(it.key)?.value;
  const slow = setTimeout(state, 400, "saving", words.saving), got = await post("/op", { etag, ...op });
  clearTimeout(slow);
  busy = false;
  if (got.status > 499 || got.status === 401) {
    if (!queue.some(other => it.key && other.key === it.key)) queue.unshift(it);
    state("bad", why(got) || words.gone);
    timer = setTimeout(run, 5000);
  } else { took(got, op, it); run(); }
};
const why = ({ said }) => said && [said.error?.what || said.error, said.error?.mend || said.mend].filter(text => text).join(" · ");

const took = (got, op, it = {}) => {
  const { status, said } = got, shown = $("conflict");
  shown.hidden = status !== 409;
  held = null;
  if (status === 409) {
    held = { op, it, etag: said.etag };
    shown.innerHTML = said.conflict;
    return state("wait", words.merging);
  }
  if (status > 399) {
    state("bad", `${words.unsaved}. ${why(got)}`);
    return tell(why(got));
  }
  etag = said.etag;
  if (it.key && (!$(it.key) || $(it.key).value === it.value)) typed.delete(it.key);
  keep();
  apply(said.fragments);
  if (!queue.length) state("saved", words.saved);
  tell(said.live);
  letter();
  document.dispatchEvent(new CustomEvent("desk:edited", { detail: said }));
  it.done?.(said);
};

const apply = fragments => {
  const at = document.activeElement, card = at.closest("[data-card]"), around = [card, card?.nextElementSibling, card?.previousElementSibling];
  for (const id in fragments) {
    const made = document.createElement("template"), old = $(id);
    made.innerHTML = fragments[id];
    if (old && made.content.firstElementChild) morph(old, made.content.firstElementChild);
  }
  if (document.activeElement === at) return;
  focus(at);
  if (document.activeElement === body) focus(around.map(it => it?.isConnected && one(".opens,textarea", it)).find(it => it?.offsetParent) || $("middle"));
};

// Changes what differs and nothing else: focus, carets, open menus and words not saved yet stay.
const morph = (old, fresh) => {
  if (old.nodeType !== 1) { if (old.data !== fresh.data) old.data = fresh.data; return; }
  const open = old.classList.contains("open");
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && name !== "aria-expanded") old.setAttribute(name, value);
  old.classList.toggle("open", open);
  if (old.matches("textarea,input")) {
    if (!typed.has(old.id) && old.type !== "file" && old.value !== fresh.value) old.value = fresh.value;
    return;
  }
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const twin = child.id ? $(child.id) : at && !at.id && at.nodeName === child.nodeName && at;
    if (!twin) old.insertBefore(child, at);
    else {
      if (twin === at) at = at.nextSibling; else old.insertBefore(twin, at);
      morph(twin, child);
    }
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
};

const letter = () => {
  next?.remove();
  const made = next = frame.cloneNode();
  made.className = "next";
  made.id = "";
  made.src = `${base}/letter?${new URLSearchParams({ variant: $("variant")?.value || 0, text: +(look === "text"), dark, v: etag })}`;
  made.onload = async () => {
    await Promise.race([Promise.all([...made.contentDocument.images].map(it => it.decode().catch(() => 0))), new Promise(done => setTimeout(done, 120))]);
    if (next !== made) return;
    made.contentWindow.scrollTo(0, frame.contentWindow.scrollY);
    frame.remove();
    made.id = "frame";
    made.className = "";
    frame = made;
    next = null;
    listen();
  };
  $("frames").append(made);
};
const listen = () => {
  const inside = frame.contentDocument;
  inside?.addEventListener("click", event => {
    event.preventDefault();
    const far = it => Math.abs(rect(it).top - event.clientY);
    go(all("[id^=s-]", inside).sort((a, b) => far(a) - far(b))[0]?.id);
  });
};
frame.onload = listen;
listen();

export const show = name => {
  if (name) {
    week.dataset.one = name;
    week.dataset.show = [...week.dataset.show.split(" ").filter(it => it !== name), name].slice(-2).join(" ");
  }
  for (const it of all(".shows button")) it.ariaPressed = narrow.matches ? it.value === week.dataset.one : week.dataset.show.includes(it.value);
};
narrow.onchange = () => show();
show();

export const close = focus => {
  const story = one(".story.open"), button = story && one(".opens", story);
  story?.classList.remove("open");
  if (button) button.ariaExpanded = "false";
  if (focus) button?.focus();
};
const open = story => {
  close();
  story.classList.add("open");
  one(".opens", story).ariaExpanded = "true";
  focus(one(".headline", story));
  near(story);
  const there = frame.contentDocument?.getElementById(story.id);
  if (there) frame.contentWindow.scrollBy(0, rect(there).top - 24);
  if (page) post("/presence", { page, key: story.id });
};
const go = id => {
  const there = $(id);
  if (!there) return;
  show("issue");
  if (there.matches(".story")) return open(there);
  near(there);
  focus(one("textarea,input", there));
};

on("click", async event => {
  const at = event.target, button = at.closest("button,a"), { data = button?.dataset } = {};
  for (const it of all("details.menu[open]")) if (!it.contains(at) || at.closest("button")) it.open = false;
  if (!button) return;
  const mine = button.name === "act" || data.op || button.name === "show" || data.go;
  if (mine) event.preventDefault();
  if (button.name === "act" || data.op) send(() => button.isConnected && JSON.parse(data.op || button.value));
  else if (button.matches(".opens")) open(button.closest(".story"));
  else if (button.name === "show") show(button.value);
  else if (data.look) {
    look = $("frames").dataset.look = data.look;
    for (const it of all("button[data-look]")) it.ariaPressed = it === button;
    letter();
  } else if ("dark" in data) { dark = 1 - dark; button.ariaPressed = !!dark; letter(); }
  else if (data.go) { $("problem-list").hidePopover(); go(data.go); }
  else if (data.section) $("elements").dataset.section = data.section;
  else if (data.insert) {
    const { insert: kind, title, text } = data, section = +$("elements").dataset.section;
    $("elements").hidePopover();
    send(kind === "words" ? { op: kind, text, section } : { op: "element", do: "insert", kind, title, text, section });
  } else if (data.choice && held) {
    const { op, it } = held;
    took(await post("/merge", { etag: held.etag, base: etag, mine: op, choice: data.choice }), op, it);
    run();
  }
});
on("submit", event => {
  if (!event.target.matches(".newsection")) return;
  event.preventDefault();
  const field = $("new-section"), title = field.value.trim();
  field.value = "";
  if (title) send({ op: "section", do: "add", title });
});
on("change", async ({ target: at }) => {
  if (at.id === "variant") letter();
  const file = "upload" in at.dataset && at.files[0], sent = new FormData(), card = at.closest(".story");
  if (!file) return;
  if (file.size > 8e6) return state("bad", words.large);
  sent.append("picture", file);
  const got = await post("/picture", sent);
  at.value = "";
  if (got.status > 399) state("bad", why(got) || words.gone);
  else send(() => ({ op: "edit", line: line(card), image: got.said.image }));
});

const events = new EventSource(`/events?slug=${encodeURIComponent(slug)}`), hear = (name, does) => events.addEventListener(name, event => does(JSON.parse(event.data)));
hear("hello", said => { page = said.page; run(); });
hear("file", async said => {
  if (said.slug !== slug || said.etag === etag || busy || held || queue.length) return;
  const got = await fetch(`${base}/now?etag=${etag}`, { headers: { accept: "application/json" } });
  if (got.ok && !busy && !queue.length) took({ status: 200, said: { live: words.took, ...await got.json() } });
});
hear("presence", ({ people = [] }) => {
  for (const it of all(".presence")) it.remove();
  for (const { name, page: other, key } of people) if (other !== page && $(key)) $(key).append(Object.assign(document.createElement("span"), { className: "initial presence", textContent: name[0], title: name }));
});
