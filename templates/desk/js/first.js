// The first run: steps as they end, then on to the issue.
const steps = new EventSource("/first/steps");
steps.onmessage = event => {
  const { html, go } = JSON.parse(event.data);
  document.getElementById("steps").innerHTML = html;
  if (go) { steps.close(); setTimeout(() => location.assign(go), go === "/first" ? 0 : 900); }
};
