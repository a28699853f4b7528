// Buttons that need no server: print, and copy what they carry. Without JavaScript they are not there.
for (const one of document.querySelectorAll("[data-print], [data-copy]")) {
  one.hidden = false;
  one.addEventListener("click", async () => {
    if (!one.dataset.copy) return print();
    await navigator.clipboard.writeText(one.dataset.copy);
    document.getElementById("live").textContent = one.dataset.done;
  });
}
