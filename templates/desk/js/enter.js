// The token stands behind the # of the address, a part that no browser sends. It goes to the desk once, in a form.
const form = document.getElementById("enter");

function trade() {
  const token = location.hash.slice(1);
  if (!form || !token) return;
  history.replaceState(null, "", location.pathname);
  form.elements.token.value = token;
  form.requestSubmit();
}

addEventListener("hashchange", trade); // another address pasted over the one of this page loads nothing anew
trade();
